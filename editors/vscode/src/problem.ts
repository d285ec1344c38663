// Why the server cannot be used, as an error with a message for the user.

export type ProblemKind =
  /** The workspace is not trusted. */
  | "untrusted"
  /** codesearch was not found. */
  | "absent"
  /** The program that was found is too old, too new, or not codesearch. */
  | "version"
  /** The server does not start, or keeps stopping. */
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
