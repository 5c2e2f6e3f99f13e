// Written by scripts/names.js; do not edit.

export type {
  cg_controller_entry as CgControllerEntry,
  cg_controller_entryValid as CgControllerEntryValid,
  cg_member_entry as CgMemberEntry,
  cg_member_entryValid as CgMemberEntryValid,
  cg_set_entry as CgSetEntry,
  cg_set_entryValid as CgSetEntryValid,
  cgroup_dir_entry as CgroupDirEntry,
  cgroup_dir_entryValid as CgroupDirEntryValid,
  cgroup_entry as CgroupEntry,
  cgroup_entryValid as CgroupEntryValid,
  cgroup_perms as CgroupPerms,
  cgroup_permsValid as CgroupPermsValid,
  cgroup_prop_entry as CgroupPropEntry,
  cgroup_prop_entryValid as CgroupPropEntryValid,
} from './cgroups_pb.ts';

export {
  cg_controller_entrySchema as CgControllerEntrySchema,
  cg_member_entrySchema as CgMemberEntrySchema,
  cg_set_entrySchema as CgSetEntrySchema,
  cgroup_dir_entrySchema as CgroupDirEntrySchema,
  cgroup_entrySchema as CgroupEntrySchema,
  cgroup_permsSchema as CgroupPermsSchema,
  cgroup_prop_entrySchema as CgroupPropEntrySchema,
} from './cgroups_pb.ts';

export type {
  fown_entry as FownEntry,
  fown_entryValid as FownEntryValid,
  timespec as Timespec,
  timespecValid as TimespecValid,
  timeval as Timeval,
  timevalValid as TimevalValid,
} from './common_pb.ts';

export {
  fown_entrySchema as FownEntrySchema,
  timespecSchema as TimespecSchema,
  timevalSchema as TimevalSchema,
} from './common_pb.ts';

export type {
  cpuinfo_entry as CpuinfoEntry,
  cpuinfo_entryValid as CpuinfoEntryValid,
  cpuinfo_ppc64_entry as CpuinfoPpc64Entry,
  cpuinfo_ppc64_entryValid as CpuinfoPpc64EntryValid,
  cpuinfo_s390_entry as CpuinfoS390Entry,
  cpuinfo_s390_entryValid as CpuinfoS390EntryValid,
  cpuinfo_x86_entry as CpuinfoX86Entry,
  cpuinfo_x86_entryValid as CpuinfoX86EntryValid,
} from './cpuinfo_pb.ts';

export {
  cpuinfo_entrySchema as CpuinfoEntrySchema,
  cpuinfo_ppc64_entrySchema as CpuinfoPpc64EntrySchema,
  cpuinfo_ppc64_entry_endianness as CpuinfoPpc64EntryEndianness,
  cpuinfo_ppc64_entry_endiannessSchema as CpuinfoPpc64EntryEndiannessSchema,
  cpuinfo_s390_entrySchema as CpuinfoS390EntrySchema,
  cpuinfo_x86_entrySchema as CpuinfoX86EntrySchema,
  cpuinfo_x86_entry_vendor as CpuinfoX86EntryVendor,
  cpuinfo_x86_entry_vendorSchema as CpuinfoX86EntryVendorSchema,
} from './cpuinfo_pb.ts';

export type {
  aa_namespace as AaNamespace,
  aa_namespaceValid as AaNamespaceValid,
  aa_policy as AaPolicy,
  aa_policyValid as AaPolicyValid,
  apparmor_entry as ApparmorEntry,
  apparmor_entryValid as ApparmorEntryValid,
  creds_entry as CredsEntry,
  creds_entryValid as CredsEntryValid,
  seccomp_entry as SeccompEntry,
  seccomp_entryValid as SeccompEntryValid,
  seccomp_filter as SeccompFilter,
  seccomp_filterValid as SeccompFilterValid,
} from './credentials_pb.ts';

export {
  aa_namespaceSchema as AaNamespaceSchema,
  aa_policySchema as AaPolicySchema,
  apparmor_entrySchema as ApparmorEntrySchema,
  creds_entrySchema as CredsEntrySchema,
  seccomp_entrySchema as SeccompEntrySchema,
  seccomp_filterSchema as SeccompFilterSchema,
} from './credentials_pb.ts';

export type {
  CRIU_Opts as CRIUOpts,
  CRIU_OptsValid as CRIUOptsValid,
} from './display_pb.ts';

export {
  CRIU_OptsSchema as CRIUOptsSchema,
  fh_entry_sizes as FhEntrySizes,
  fh_entry_sizesSchema as FhEntrySizesSchema,
} from './display_pb.ts';

export type {
  bpfmap_data_entry as BpfmapDataEntry,
  bpfmap_data_entryValid as BpfmapDataEntryValid,
  bpfmap_file_entry as BpfmapFileEntry,
  bpfmap_file_entryValid as BpfmapFileEntryValid,
} from './files-bpf_pb.ts';

export {
  bpfmap_data_entrySchema as BpfmapDataEntrySchema,
  bpfmap_file_entrySchema as BpfmapFileEntrySchema,
} from './files-bpf_pb.ts';

export type {
  eventfd_file_entry as EventfdFileEntry,
  eventfd_file_entryValid as EventfdFileEntryValid,
  eventpoll_file_entry as EventpollFileEntry,
  eventpoll_file_entryValid as EventpollFileEntryValid,
  eventpoll_tfd_entry as EventpollTfdEntry,
  eventpoll_tfd_entryValid as EventpollTfdEntryValid,
  pidfd_entry as PidfdEntry,
  pidfd_entryValid as PidfdEntryValid,
  signalfd_entry as SignalfdEntry,
  signalfd_entryValid as SignalfdEntryValid,
  timerfd_entry as TimerfdEntry,
  timerfd_entryValid as TimerfdEntryValid,
} from './files-events_pb.ts';

export {
  eventfd_file_entrySchema as EventfdFileEntrySchema,
  eventpoll_file_entrySchema as EventpollFileEntrySchema,
  eventpoll_tfd_entrySchema as EventpollTfdEntrySchema,
  pidfd_entrySchema as PidfdEntrySchema,
  signalfd_entrySchema as SignalfdEntrySchema,
  timerfd_entrySchema as TimerfdEntrySchema,
} from './files-events_pb.ts';

export type {
  fifo_entry as FifoEntry,
  fifo_entryValid as FifoEntryValid,
  pipe_data_entry as PipeDataEntry,
  pipe_data_entryValid as PipeDataEntryValid,
  pipe_entry as PipeEntry,
  pipe_entryValid as PipeEntryValid,
} from './files-pipes_pb.ts';

export {
  fifo_entrySchema as FifoEntrySchema,
  pipe_data_entrySchema as PipeDataEntrySchema,
  pipe_entrySchema as PipeEntrySchema,
} from './files-pipes_pb.ts';

export type {
  ext_file_entry as ExtFileEntry,
  ext_file_entryValid as ExtFileEntryValid,
  file_lock_entry as FileLockEntry,
  file_lock_entryValid as FileLockEntryValid,
  ghost_chunk_entry as GhostChunkEntry,
  ghost_chunk_entryValid as GhostChunkEntryValid,
  ghost_file_entry as GhostFileEntry,
  ghost_file_entryValid as GhostFileEntryValid,
  memfd_file_entry as MemfdFileEntry,
  memfd_file_entryValid as MemfdFileEntryValid,
  memfd_inode_entry as MemfdInodeEntry,
  memfd_inode_entryValid as MemfdInodeEntryValid,
  reg_file_entry as RegFileEntry,
  reg_file_entryValid as RegFileEntryValid,
  remap_file_path_entry as RemapFilePathEntry,
  remap_file_path_entryValid as RemapFilePathEntryValid,
} from './files-regular_pb.ts';

export {
  ext_file_entrySchema as ExtFileEntrySchema,
  file_lock_entrySchema as FileLockEntrySchema,
  ghost_chunk_entrySchema as GhostChunkEntrySchema,
  ghost_file_entrySchema as GhostFileEntrySchema,
  memfd_file_entrySchema as MemfdFileEntrySchema,
  memfd_inode_entrySchema as MemfdInodeEntrySchema,
  reg_file_entrySchema as RegFileEntrySchema,
  remap_file_path_entrySchema as RemapFilePathEntrySchema,
  remap_type as RemapType,
  remap_typeSchema as RemapTypeSchema,
} from './files-regular_pb.ts';

export type {
  termios_entry as TermiosEntry,
  termios_entryValid as TermiosEntryValid,
  tty_data_entry as TtyDataEntry,
  tty_data_entryValid as TtyDataEntryValid,
  tty_file_entry as TtyFileEntry,
  tty_file_entryValid as TtyFileEntryValid,
  tty_info_entry as TtyInfoEntry,
  tty_info_entryValid as TtyInfoEntryValid,
  tty_pty_entry as TtyPtyEntry,
  tty_pty_entryValid as TtyPtyEntryValid,
  winsize_entry as WinsizeEntry,
  winsize_entryValid as WinsizeEntryValid,
} from './files-terminals_pb.ts';

export {
  TtyType,
  TtyTypeSchema,
  termios_entrySchema as TermiosEntrySchema,
  tty_data_entrySchema as TtyDataEntrySchema,
  tty_file_entrySchema as TtyFileEntrySchema,
  tty_info_entrySchema as TtyInfoEntrySchema,
  tty_pty_entrySchema as TtyPtyEntrySchema,
  winsize_entrySchema as WinsizeEntrySchema,
} from './files-terminals_pb.ts';

export type {
  fanotify_file_entry as FanotifyFileEntry,
  fanotify_file_entryValid as FanotifyFileEntryValid,
  fanotify_inode_mark_entry as FanotifyInodeMarkEntry,
  fanotify_inode_mark_entryValid as FanotifyInodeMarkEntryValid,
  fanotify_mark_entry as FanotifyMarkEntry,
  fanotify_mark_entryValid as FanotifyMarkEntryValid,
  fanotify_mount_mark_entry as FanotifyMountMarkEntry,
  fanotify_mount_mark_entryValid as FanotifyMountMarkEntryValid,
  fh_entry as FhEntry,
  fh_entryValid as FhEntryValid,
  inotify_file_entry as InotifyFileEntry,
  inotify_file_entryValid as InotifyFileEntryValid,
  inotify_wd_entry as InotifyWdEntry,
  inotify_wd_entryValid as InotifyWdEntryValid,
  irmap_cache_entry as IrmapCacheEntry,
  irmap_cache_entryValid as IrmapCacheEntryValid,
} from './files-watches_pb.ts';

export {
  fanotify_file_entrySchema as FanotifyFileEntrySchema,
  fanotify_inode_mark_entrySchema as FanotifyInodeMarkEntrySchema,
  fanotify_mark_entrySchema as FanotifyMarkEntrySchema,
  fanotify_mount_mark_entrySchema as FanotifyMountMarkEntrySchema,
  fh_entrySchema as FhEntrySchema,
  inotify_file_entrySchema as InotifyFileEntrySchema,
  inotify_wd_entrySchema as InotifyWdEntrySchema,
  irmap_cache_entrySchema as IrmapCacheEntrySchema,
  mark_type as MarkType,
  mark_typeSchema as MarkTypeSchema,
} from './files-watches_pb.ts';

export type {
  fdinfo_entry as FdinfoEntry,
  fdinfo_entryValid as FdinfoEntryValid,
  file_entry as FileEntry,
  file_entryValid as FileEntryValid,
  fs_entry as FsEntry,
  fs_entryValid as FsEntryValid,
} from './files_pb.ts';

export {
  fd_types as FdTypes,
  fd_typesSchema as FdTypesSchema,
  fdinfo_entrySchema as FdinfoEntrySchema,
  file_entrySchema as FileEntrySchema,
  fs_entrySchema as FsEntrySchema,
} from './files_pb.ts';

export type {
  dump_stats_entry as DumpStatsEntry,
  dump_stats_entryValid as DumpStatsEntryValid,
  inventory_entry as InventoryEntry,
  inventory_entryValid as InventoryEntryValid,
  plugins_entry as PluginsEntry,
  plugins_entryValid as PluginsEntryValid,
  restore_stats_entry as RestoreStatsEntry,
  restore_stats_entryValid as RestoreStatsEntryValid,
  stats_entry as StatsEntry,
  stats_entryValid as StatsEntryValid,
} from './inventory_pb.ts';

export {
  dump_stats_entrySchema as DumpStatsEntrySchema,
  inventory_entrySchema as InventoryEntrySchema,
  lsmtype as Lsmtype,
  lsmtypeSchema as LsmtypeSchema,
  plugins_entrySchema as PluginsEntrySchema,
  restore_stats_entrySchema as RestoreStatsEntrySchema,
  stats_entrySchema as StatsEntrySchema,
} from './inventory_pb.ts';

export type {
  ipc_desc_entry as IpcDescEntry,
  ipc_desc_entryValid as IpcDescEntryValid,
  ipc_msg as IpcMsg,
  ipc_msgValid as IpcMsgValid,
  ipc_msg_entry as IpcMsgEntry,
  ipc_msg_entryValid as IpcMsgEntryValid,
  ipc_sem_entry as IpcSemEntry,
  ipc_sem_entryValid as IpcSemEntryValid,
  ipc_shm_entry as IpcShmEntry,
  ipc_shm_entryValid as IpcShmEntryValid,
  ipc_var_entry as IpcVarEntry,
  ipc_var_entryValid as IpcVarEntryValid,
} from './ipc_pb.ts';

export {
  ipc_desc_entrySchema as IpcDescEntrySchema,
  ipc_msgSchema as IpcMsgSchema,
  ipc_msg_entrySchema as IpcMsgEntrySchema,
  ipc_sem_entrySchema as IpcSemEntrySchema,
  ipc_shm_entrySchema as IpcShmEntrySchema,
  ipc_var_entrySchema as IpcVarEntrySchema,
} from './ipc_pb.ts';

export type {
  aio_ring_entry as AioRingEntry,
  aio_ring_entryValid as AioRingEntryValid,
  mm_entry as MmEntry,
  mm_entryValid as MmEntryValid,
  pagemap_entry as PagemapEntry,
  pagemap_entryValid as PagemapEntryValid,
  pagemap_head as PagemapHead,
  pagemap_headValid as PagemapHeadValid,
  vma_entry as VmaEntry,
  vma_entryValid as VmaEntryValid,
} from './memory_pb.ts';

export {
  aio_ring_entrySchema as AioRingEntrySchema,
  mm_entrySchema as MmEntrySchema,
  pagemap_entrySchema as PagemapEntrySchema,
  pagemap_headSchema as PagemapHeadSchema,
  vma_entrySchema as VmaEntrySchema,
} from './memory_pb.ts';

export type {
  autofs_entry as AutofsEntry,
  autofs_entryValid as AutofsEntryValid,
  binfmt_misc_entry as BinfmtMiscEntry,
  binfmt_misc_entryValid as BinfmtMiscEntryValid,
  mnt_entry as MntEntry,
  mnt_entryValid as MntEntryValid,
} from './mounts_pb.ts';

export {
  autofs_entrySchema as AutofsEntrySchema,
  binfmt_misc_entrySchema as BinfmtMiscEntrySchema,
  fstype as Fstype,
  fstypeSchema as FstypeSchema,
  mnt_entrySchema as MntEntrySchema,
} from './mounts_pb.ts';

export type {
  ns_file_entry as NsFileEntry,
  ns_file_entryValid as NsFileEntryValid,
  pidns_entry as PidnsEntry,
  pidns_entryValid as PidnsEntryValid,
  uid_gid_extent as UidGidExtent,
  uid_gid_extentValid as UidGidExtentValid,
  userns_entry as UsernsEntry,
  userns_entryValid as UsernsEntryValid,
  utsns_entry as UtsnsEntry,
  utsns_entryValid as UtsnsEntryValid,
} from './namespaces_pb.ts';

export {
  ns_file_entrySchema as NsFileEntrySchema,
  pidns_entrySchema as PidnsEntrySchema,
  uid_gid_extentSchema as UidGidExtentSchema,
  userns_entrySchema as UsernsEntrySchema,
  utsns_entrySchema as UtsnsEntrySchema,
} from './namespaces_pb.ts';

export type {
  macvlan_link_entry as MacvlanLinkEntry,
  macvlan_link_entryValid as MacvlanLinkEntryValid,
  net_device_entry as NetDeviceEntry,
  net_device_entryValid as NetDeviceEntryValid,
  netns_entry as NetnsEntry,
  netns_entryValid as NetnsEntryValid,
  netns_id as NetnsId,
  netns_idValid as NetnsIdValid,
  sit_entry as SitEntry,
  sit_entryValid as SitEntryValid,
  sysctl_entry as SysctlEntry,
  sysctl_entryValid as SysctlEntryValid,
  tun_link_entry as TunLinkEntry,
  tun_link_entryValid as TunLinkEntryValid,
  tunfile_entry as TunfileEntry,
  tunfile_entryValid as TunfileEntryValid,
} from './network_pb.ts';

export {
  SysctlType,
  SysctlTypeSchema,
  macvlan_link_entrySchema as MacvlanLinkEntrySchema,
  nd_type as NdType,
  nd_typeSchema as NdTypeSchema,
  net_device_entrySchema as NetDeviceEntrySchema,
  netns_entrySchema as NetnsEntrySchema,
  netns_idSchema as NetnsIdSchema,
  sit_entrySchema as SitEntrySchema,
  sysctl_entrySchema as SysctlEntrySchema,
  tun_link_entrySchema as TunLinkEntrySchema,
  tunfile_entrySchema as TunfileEntrySchema,
} from './network_pb.ts';

export type {
  core_entry as CoreEntry,
  core_entryValid as CoreEntryValid,
  pstree_entry as PstreeEntry,
  pstree_entryValid as PstreeEntryValid,
  rlimit_entry as RlimitEntry,
  rlimit_entryValid as RlimitEntryValid,
  rseq_entry as RseqEntry,
  rseq_entryValid as RseqEntryValid,
  task_core_entry as TaskCoreEntry,
  task_core_entryValid as TaskCoreEntryValid,
  task_kobj_ids_entry as TaskKobjIdsEntry,
  task_kobj_ids_entryValid as TaskKobjIdsEntryValid,
  task_rlimits_entry as TaskRlimitsEntry,
  task_rlimits_entryValid as TaskRlimitsEntryValid,
  thread_core_entry as ThreadCoreEntry,
  thread_core_entryValid as ThreadCoreEntryValid,
  thread_sas_entry as ThreadSasEntry,
  thread_sas_entryValid as ThreadSasEntryValid,
} from './process_pb.ts';

export {
  core_entrySchema as CoreEntrySchema,
  core_entry_march as CoreEntryMarch,
  core_entry_marchSchema as CoreEntryMarchSchema,
  pstree_entrySchema as PstreeEntrySchema,
  rlimit_entrySchema as RlimitEntrySchema,
  rseq_entrySchema as RseqEntrySchema,
  seccomp_mode as SeccompMode,
  seccomp_modeSchema as SeccompModeSchema,
  task_core_entrySchema as TaskCoreEntrySchema,
  task_kobj_ids_entrySchema as TaskKobjIdsEntrySchema,
  task_rlimits_entrySchema as TaskRlimitsEntrySchema,
  thread_core_entrySchema as ThreadCoreEntrySchema,
  thread_sas_entrySchema as ThreadSasEntrySchema,
} from './process_pb.ts';

export type {
  pac_address_keys as PacAddressKeys,
  pac_address_keysValid as PacAddressKeysValid,
  pac_generic_keys as PacGenericKeys,
  pac_generic_keysValid as PacGenericKeysValid,
  pac_keys as PacKeys,
  pac_keysValid as PacKeysValid,
  thread_info_aarch64 as ThreadInfoAarch64,
  thread_info_aarch64Valid as ThreadInfoAarch64Valid,
  thread_info_arm as ThreadInfoArm,
  thread_info_armValid as ThreadInfoArmValid,
  user_aarch64_fpsimd_context_entry as UserAarch64FpsimdContextEntry,
  user_aarch64_fpsimd_context_entryValid as UserAarch64FpsimdContextEntryValid,
  user_aarch64_regs_entry as UserAarch64RegsEntry,
  user_aarch64_regs_entryValid as UserAarch64RegsEntryValid,
  user_arm_regs_entry as UserArmRegsEntry,
  user_arm_regs_entryValid as UserArmRegsEntryValid,
  user_arm_vfpstate_entry as UserArmVfpstateEntry,
  user_arm_vfpstate_entryValid as UserArmVfpstateEntryValid,
} from './processor-arm_pb.ts';

export {
  pac_address_keysSchema as PacAddressKeysSchema,
  pac_generic_keysSchema as PacGenericKeysSchema,
  pac_keysSchema as PacKeysSchema,
  thread_info_aarch64Schema as ThreadInfoAarch64Schema,
  thread_info_armSchema as ThreadInfoArmSchema,
  user_aarch64_fpsimd_context_entrySchema as UserAarch64FpsimdContextEntrySchema,
  user_aarch64_regs_entrySchema as UserAarch64RegsEntrySchema,
  user_arm_regs_entrySchema as UserArmRegsEntrySchema,
  user_arm_vfpstate_entrySchema as UserArmVfpstateEntrySchema,
} from './processor-arm_pb.ts';

export type {
  thread_info_loongarch64 as ThreadInfoLoongarch64,
  thread_info_loongarch64Valid as ThreadInfoLoongarch64Valid,
  thread_info_mips as ThreadInfoMips,
  thread_info_mipsValid as ThreadInfoMipsValid,
  thread_info_riscv64 as ThreadInfoRiscv64,
  thread_info_riscv64Valid as ThreadInfoRiscv64Valid,
  user_loongarch64_fpregs_entry as UserLoongarch64FpregsEntry,
  user_loongarch64_fpregs_entryValid as UserLoongarch64FpregsEntryValid,
  user_loongarch64_gpregs_entry as UserLoongarch64GpregsEntry,
  user_loongarch64_gpregs_entryValid as UserLoongarch64GpregsEntryValid,
  user_mips_fpregs_entry as UserMipsFpregsEntry,
  user_mips_fpregs_entryValid as UserMipsFpregsEntryValid,
  user_mips_regs_entry as UserMipsRegsEntry,
  user_mips_regs_entryValid as UserMipsRegsEntryValid,
  user_riscv64_d_ext_entry as UserRiscv64DExtEntry,
  user_riscv64_d_ext_entryValid as UserRiscv64DExtEntryValid,
  user_riscv64_regs_entry as UserRiscv64RegsEntry,
  user_riscv64_regs_entryValid as UserRiscv64RegsEntryValid,
} from './processor-others_pb.ts';

export {
  thread_info_loongarch64Schema as ThreadInfoLoongarch64Schema,
  thread_info_mipsSchema as ThreadInfoMipsSchema,
  thread_info_riscv64Schema as ThreadInfoRiscv64Schema,
  user_loongarch64_fpregs_entrySchema as UserLoongarch64FpregsEntrySchema,
  user_loongarch64_gpregs_entrySchema as UserLoongarch64GpregsEntrySchema,
  user_mips_fpregs_entrySchema as UserMipsFpregsEntrySchema,
  user_mips_regs_entrySchema as UserMipsRegsEntrySchema,
  user_riscv64_d_ext_entrySchema as UserRiscv64DExtEntrySchema,
  user_riscv64_regs_entrySchema as UserRiscv64RegsEntrySchema,
} from './processor-others_pb.ts';

export type {
  thread_info_ppc64 as ThreadInfoPpc64,
  thread_info_ppc64Valid as ThreadInfoPpc64Valid,
  user_ppc64_fpstate_entry as UserPpc64FpstateEntry,
  user_ppc64_fpstate_entryValid as UserPpc64FpstateEntryValid,
  user_ppc64_regs_entry as UserPpc64RegsEntry,
  user_ppc64_regs_entryValid as UserPpc64RegsEntryValid,
  user_ppc64_tm_regs_entry as UserPpc64TmRegsEntry,
  user_ppc64_tm_regs_entryValid as UserPpc64TmRegsEntryValid,
  user_ppc64_vrstate_entry as UserPpc64VrstateEntry,
  user_ppc64_vrstate_entryValid as UserPpc64VrstateEntryValid,
  user_ppc64_vsxstate_entry as UserPpc64VsxstateEntry,
  user_ppc64_vsxstate_entryValid as UserPpc64VsxstateEntryValid,
} from './processor-power_pb.ts';

export {
  thread_info_ppc64Schema as ThreadInfoPpc64Schema,
  user_ppc64_fpstate_entrySchema as UserPpc64FpstateEntrySchema,
  user_ppc64_regs_entrySchema as UserPpc64RegsEntrySchema,
  user_ppc64_tm_regs_entrySchema as UserPpc64TmRegsEntrySchema,
  user_ppc64_vrstate_entrySchema as UserPpc64VrstateEntrySchema,
  user_ppc64_vsxstate_entrySchema as UserPpc64VsxstateEntrySchema,
} from './processor-power_pb.ts';

export type {
  thread_info_s390 as ThreadInfoS390,
  thread_info_s390Valid as ThreadInfoS390Valid,
  user_s390_fpregs_entry as UserS390FpregsEntry,
  user_s390_fpregs_entryValid as UserS390FpregsEntryValid,
  user_s390_gs_cb_entry as UserS390GsCbEntry,
  user_s390_gs_cb_entryValid as UserS390GsCbEntryValid,
  user_s390_regs_entry as UserS390RegsEntry,
  user_s390_regs_entryValid as UserS390RegsEntryValid,
  user_s390_ri_entry as UserS390RiEntry,
  user_s390_ri_entryValid as UserS390RiEntryValid,
  user_s390_vxrs_high_entry as UserS390VxrsHighEntry,
  user_s390_vxrs_high_entryValid as UserS390VxrsHighEntryValid,
  user_s390_vxrs_low_entry as UserS390VxrsLowEntry,
  user_s390_vxrs_low_entryValid as UserS390VxrsLowEntryValid,
} from './processor-s390_pb.ts';

export {
  thread_info_s390Schema as ThreadInfoS390Schema,
  user_s390_fpregs_entrySchema as UserS390FpregsEntrySchema,
  user_s390_gs_cb_entrySchema as UserS390GsCbEntrySchema,
  user_s390_regs_entrySchema as UserS390RegsEntrySchema,
  user_s390_ri_entrySchema as UserS390RiEntrySchema,
  user_s390_vxrs_high_entrySchema as UserS390VxrsHighEntrySchema,
  user_s390_vxrs_low_entrySchema as UserS390VxrsLowEntrySchema,
} from './processor-s390_pb.ts';

export type {
  thread_info_x86 as ThreadInfoX86,
  thread_info_x86Valid as ThreadInfoX86Valid,
  user_desc_t as UserDescT,
  user_desc_tValid as UserDescTValid,
  user_x86_cet_entry as UserX86CetEntry,
  user_x86_cet_entryValid as UserX86CetEntryValid,
  user_x86_fpregs_entry as UserX86FpregsEntry,
  user_x86_fpregs_entryValid as UserX86FpregsEntryValid,
  user_x86_regs_entry as UserX86RegsEntry,
  user_x86_regs_entryValid as UserX86RegsEntryValid,
  user_x86_xsave_entry as UserX86XsaveEntry,
  user_x86_xsave_entryValid as UserX86XsaveEntryValid,
} from './processor-x86_pb.ts';

export {
  thread_info_x86Schema as ThreadInfoX86Schema,
  user_desc_tSchema as UserDescTSchema,
  user_x86_cet_entrySchema as UserX86CetEntrySchema,
  user_x86_fpregs_entrySchema as UserX86FpregsEntrySchema,
  user_x86_regs_entrySchema as UserX86RegsEntrySchema,
  user_x86_regs_mode as UserX86RegsMode,
  user_x86_regs_modeSchema as UserX86RegsModeSchema,
  user_x86_xsave_entrySchema as UserX86XsaveEntrySchema,
} from './processor-x86_pb.ts';

export type {
  cgroup_root as CgroupRoot,
  cgroup_rootValid as CgroupRootValid,
  criu_dump_resp as CriuDumpResp,
  criu_dump_respValid as CriuDumpRespValid,
  criu_features as CriuFeatures,
  criu_featuresValid as CriuFeaturesValid,
  criu_notify as CriuNotify,
  criu_notifyValid as CriuNotifyValid,
  criu_opts as CriuOpts,
  criu_optsValid as CriuOptsValid,
  criu_page_server_info as CriuPageServerInfo,
  criu_page_server_infoValid as CriuPageServerInfoValid,
  criu_req as CriuReq,
  criu_reqValid as CriuReqValid,
  criu_resp as CriuResp,
  criu_respValid as CriuRespValid,
  criu_restore_resp as CriuRestoreResp,
  criu_restore_respValid as CriuRestoreRespValid,
  criu_version as CriuVersion,
  criu_versionValid as CriuVersionValid,
  criu_veth_pair as CriuVethPair,
  criu_veth_pairValid as CriuVethPairValid,
  ext_mount_map as ExtMountMap,
  ext_mount_mapValid as ExtMountMapValid,
  inherit_fd as InheritFd,
  inherit_fdValid as InheritFdValid,
  join_namespace as JoinNamespace,
  join_namespaceValid as JoinNamespaceValid,
  unix_sk as UnixSk,
  unix_skValid as UnixSkValid,
} from './rpc_pb.ts';

export {
  cgroup_rootSchema as CgroupRootSchema,
  criu_cg_mode as CriuCgMode,
  criu_cg_modeSchema as CriuCgModeSchema,
  criu_dump_respSchema as CriuDumpRespSchema,
  criu_featuresSchema as CriuFeaturesSchema,
  criu_network_lock_method as CriuNetworkLockMethod,
  criu_network_lock_methodSchema as CriuNetworkLockMethodSchema,
  criu_notifySchema as CriuNotifySchema,
  criu_optsSchema as CriuOptsSchema,
  criu_page_server_infoSchema as CriuPageServerInfoSchema,
  criu_pre_dump_mode as CriuPreDumpMode,
  criu_pre_dump_modeSchema as CriuPreDumpModeSchema,
  criu_reqSchema as CriuReqSchema,
  criu_req_type as CriuReqType,
  criu_req_typeSchema as CriuReqTypeSchema,
  criu_respSchema as CriuRespSchema,
  criu_restore_respSchema as CriuRestoreRespSchema,
  criu_versionSchema as CriuVersionSchema,
  criu_veth_pairSchema as CriuVethPairSchema,
  ext_mount_mapSchema as ExtMountMapSchema,
  inherit_fdSchema as InheritFdSchema,
  join_namespaceSchema as JoinNamespaceSchema,
  unix_skSchema as UnixSkSchema,
} from './rpc_pb.ts';

export type {
  sa_entry as SaEntry,
  sa_entryValid as SaEntryValid,
  siginfo_entry as SiginfoEntry,
  siginfo_entryValid as SiginfoEntryValid,
  signal_queue_entry as SignalQueueEntry,
  signal_queue_entryValid as SignalQueueEntryValid,
} from './signals_pb.ts';

export {
  sa_entrySchema as SaEntrySchema,
  siginfo_entrySchema as SiginfoEntrySchema,
  signal_queue_entrySchema as SignalQueueEntrySchema,
} from './signals_pb.ts';

export type {
  file_perms_entry as FilePermsEntry,
  file_perms_entryValid as FilePermsEntryValid,
  inet_sk_entry as InetSkEntry,
  inet_sk_entryValid as InetSkEntryValid,
  ip_opts_entry as IpOptsEntry,
  ip_opts_entryValid as IpOptsEntryValid,
  ip_opts_raw_entry as IpOptsRawEntry,
  ip_opts_raw_entryValid as IpOptsRawEntryValid,
  netlink_sk_entry as NetlinkSkEntry,
  netlink_sk_entryValid as NetlinkSkEntryValid,
  packet_mclist as PacketMclist,
  packet_mclistValid as PacketMclistValid,
  packet_ring as PacketRing,
  packet_ringValid as PacketRingValid,
  packet_sock_entry as PacketSockEntry,
  packet_sock_entryValid as PacketSockEntryValid,
  scm_entry as ScmEntry,
  scm_entryValid as ScmEntryValid,
  sk_opts_entry as SkOptsEntry,
  sk_opts_entryValid as SkOptsEntryValid,
  sk_packet_entry as SkPacketEntry,
  sk_packet_entryValid as SkPacketEntryValid,
  tcp_opts_entry as TcpOptsEntry,
  tcp_opts_entryValid as TcpOptsEntryValid,
  tcp_stream_entry as TcpStreamEntry,
  tcp_stream_entryValid as TcpStreamEntryValid,
  unix_sk_entry as UnixSkEntry,
  unix_sk_entryValid as UnixSkEntryValid,
} from './sockets_pb.ts';

export {
  file_perms_entrySchema as FilePermsEntrySchema,
  inet_sk_entrySchema as InetSkEntrySchema,
  ip_opts_entrySchema as IpOptsEntrySchema,
  ip_opts_raw_entrySchema as IpOptsRawEntrySchema,
  netlink_sk_entrySchema as NetlinkSkEntrySchema,
  packet_mclistSchema as PacketMclistSchema,
  packet_ringSchema as PacketRingSchema,
  packet_sock_entrySchema as PacketSockEntrySchema,
  scm_entrySchema as ScmEntrySchema,
  sk_opts_entrySchema as SkOptsEntrySchema,
  sk_packet_entrySchema as SkPacketEntrySchema,
  sk_shutdown as SkShutdown,
  sk_shutdownSchema as SkShutdownSchema,
  tcp_opts_entrySchema as TcpOptsEntrySchema,
  tcp_stream_entrySchema as TcpStreamEntrySchema,
  unix_sk_entrySchema as UnixSkEntrySchema,
} from './sockets_pb.ts';

export type {
  img_streamer_reply_entry as ImgStreamerReplyEntry,
  img_streamer_reply_entryValid as ImgStreamerReplyEntryValid,
  img_streamer_request_entry as ImgStreamerRequestEntry,
  img_streamer_request_entryValid as ImgStreamerRequestEntryValid,
} from './streamer_pb.ts';

export {
  img_streamer_reply_entrySchema as ImgStreamerReplyEntrySchema,
  img_streamer_request_entrySchema as ImgStreamerRequestEntrySchema,
} from './streamer_pb.ts';

export type {
  itimer_entry as ItimerEntry,
  itimer_entryValid as ItimerEntryValid,
  posix_timer_entry as PosixTimerEntry,
  posix_timer_entryValid as PosixTimerEntryValid,
  task_timers_entry as TaskTimersEntry,
  task_timers_entryValid as TaskTimersEntryValid,
  timens_entry as TimensEntry,
  timens_entryValid as TimensEntryValid,
} from './timers_pb.ts';

export {
  itimer_entrySchema as ItimerEntrySchema,
  posix_timer_entrySchema as PosixTimerEntrySchema,
  task_timers_entrySchema as TaskTimersEntrySchema,
  timens_entrySchema as TimensEntrySchema,
} from './timers_pb.ts';
