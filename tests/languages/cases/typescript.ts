/** A shape. */
export interface Shape<T> extends Base {
  area(): number;
  visit: (visitor: Visitor) => void;
  name: string;
}

type Handler<T> = (value: T) => { ok: boolean };

export enum Color { Red, Green }

namespace geo.plane {
  export function turn(angle: number): void {}
}

/** Parses. */
export function parse(text: string): Node;
export function parse(text: Buffer): Node;
export function parse(text: any): Node {
  return text;
}

declare function external(a: string): void;

@Component({ selector: 'app' })
export abstract class View<T> implements Shape<T> {
  private static count = 0;

  // The handler.
  handler = async (event: Event): Promise<void> => {};

  @Input()
  get size(): number { return 1; }

  abstract draw(context: Context): void;

  constructor(private readonly name: string) {}

  send(a: string): void;
  send(a: number): void;
  send(a: any): void {}
}

export const identity = <T,>(value: T): T => value;
