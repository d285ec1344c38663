// Why the server cannot be asked, for people.

export type ProblemKind =
  /** The workspace is not trusted. */
  | "untrusted"
  /** There is no codesearch. */
  | "absent"
  /** What was found is too old, too new, or something else. */
  | "version"
  /** It does not start or keeps ending. */
  | "failed";

export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    message: string,
  ) {
    super(message);
    this.name = "Problem";
  }
}
