/** A process, as unix(7) tells of the maker of a socket and passes it on with what is sent. A pid of 0: nobody asked, or another pid namespace. */
export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}
