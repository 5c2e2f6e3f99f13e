export { type Arena, arena, type Block, keptBlock } from './arena.ts';
export { type CallList, createCallList, type ListedCall } from './call-list.ts';
export {
  type CrashHandler,
  type CrashText,
  installCrashHandler,
  type LastWords,
} from './crash/handler.ts';
export { type DeviceNumber, deviceNumber } from './descriptors/device.ts';
export { type CompareType, compare, sameFile } from './descriptors/kcmp.ts';
export { isInLedger, keepLedger, type Ledger, newLedger } from './descriptors/ledger.ts';
export {
  AT_FDCWD,
  closeFd,
  duplicate,
  getFlags,
  makePipe,
  memfd,
  O_PATH,
  openForeignPath,
  openPath,
  setFlags,
  setPosition,
} from './descriptors/own.ts';
export { pidfdGetfd, pidfdOpen, pidfdSend } from './descriptors/pidfd.ts';
export { readable, writable } from './descriptors/ready.ts';
export { isStream, readNow, writeNow } from './descriptors/stream.ts';
export { type Watch, watchReadable } from './descriptors/watch.ts';
export { firstErrandDescriptor, runErrand } from './errand.ts';
export { errno, errnoName, LinuxError, type LinuxErrorDetails } from './errors.ts';
export { isGone, unlessGone } from './gone.ts';
export { createHand, type ExpectedCall, type Hand } from './hand.ts';
export {
  type MappedFile,
  type MemoryPiece,
  mapFile,
  readMemory,
  readMemoryInto,
  setVector,
  writeMemory,
  writeMemoryFrom,
} from './memory.ts';
export { type Door, dropFlows, dropNew, dropNoMore, type Flow, type FlowEnd } from './netfilter/drop.ts';
export { openNetfilter, sendBatch } from './netfilter/send.ts';
export { isOwnAlone, makeFolders, type PrivateCache, privateCache } from './private-cache.ts';
export { prepareReadAhead, type ReadAhead, readAhead } from './proc/ahead.ts';
export { type EpollTarget, type Fdinfo, parseFdinfo } from './proc/fdinfo.ts';
export type { FileStat } from './proc/file-stat.ts';
export { type Limit, parseAuxv, parseChildren, parseLimits, unlimited } from './proc/limits.ts';
export { parseMaps, parseSmaps, type Vma } from './proc/maps.ts';
export { type Mount, parseMountinfo } from './proc/mountinfo.ts';
export {
  type NamespaceKind,
  namespaces,
  namespacesOfThread,
  readAuxv,
  readChildren,
  readFdinfo,
  readFds,
  readFileStat,
  readLimits,
  readLink,
  readMaps,
  readMountinfo,
  readPersonality,
  readSmaps,
  readStat,
  readStatus,
  readText,
  readThreads,
  readTimers,
} from './proc/read.ts';
export { parseStat, type Stat } from './proc/stat.ts';
export { parseStatus, type Status } from './proc/status.ts';
export { readSystemV, type SystemVObject, type SystemVObjects, type SystemVSort } from './proc/system-v.ts';
export { type PosixTimer, parseTimers } from './proc/timers.ts';
export { ptracer, yamaScope } from './proc/yama.ts';
export {
  aioCode,
  aioLayout,
  aioSetSize,
  type Blob,
  batchEntryLength,
  batchResultOffset,
  batchTable,
  blob,
  createRegisters,
  type FrameStep,
  type GuardCall,
  type GuardPlan,
  type GuardVerdict,
  guardDescriptor,
  guardImage,
  guardVerdictLength,
  helperBlobOffset,
  helperImage,
  type RegisterName,
  type Registers,
  type RemoteCall,
  readGuardVerdict,
  registerNames,
  type SyscallName,
  signalFrameHead,
  syscallNumbers,
  type XstateLayout,
} from './processor/processor.ts';
export { breakpointsWork } from './ptrace/breakpoints.ts';
export { ptraceEvent, ptraceOption, ptraceRequest, syscallStopSignal } from './ptrace/requests.ts';
export { readSeccompFilters, type SeccompFilterProgram } from './ptrace/seccomp.ts';
export { type RseqConfiguration, type Tracee, tracee } from './ptrace/tracee.ts';
export {
  decodeStatus,
  type Stop,
  standingStop,
  type Waiting,
  waitFlag,
  waitFor,
  waitPatiently,
} from './ptrace/wait.ts';
export { type SignalName, signalName, signals } from './signals.ts';
export type { Credentials } from './sockets/credentials.ts';
export { type Ancillary, peekDatagram, type WaitingDatagram } from './sockets/datagrams.ts';
export { type ShutHalves, type UnixSocket, unixSockets } from './sockets/diag.ts';
export { type InetDiagSocket, type InetFamily, inetSockets } from './sockets/inet-diag.ts';
export { addressOf, peerAddress, peerName, socketAddress, socketFile, socketName } from './sockets/names.ts';
export { type PacketMembership, type PacketRing, type PacketSocket, packetSockets } from './sockets/packet-diag.ts';
export {
  acceptPackets,
  listenPackets,
  type Packet,
  packetPair,
  peerCredentials,
  receivePacket,
  sendPacket,
} from './sockets/packets.ts';
export { parseRawSockets, type RawSocket } from './sockets/raw-list.ts';
export {
  type Accompanied,
  hasUrgentByte,
  peekPart,
  sendPart,
  type WaitingPart,
} from './sockets/waiting.ts';
export { type SpawnOptions, spawnImage, spawnProgram } from './spawn.ts';
export { type SyscallArgument, syscall, trySyscall } from './syscall.ts';
export { type OpenFolder, openFolder, openFolderInWords, othersMayWrite, whoElseMayChange } from './who-may-write.ts';
export { signalFrame, signalFrames, signalFramesLength, xstateLayout } from './xstate.ts';
