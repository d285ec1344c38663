// One question at a time: waits for quiet, cancels what is superseded, never hands on a stale answer.

/** Asks one question; calls `partial` with each answer that comes before the last. */
export type Ask<Q, A> = (question: Q, signal: AbortSignal, partial: (answer: A) => void) => Promise<A>;

export interface Listener<Q, A> {
  /** A question was asked or waits to be, or none is any more. */
  busy(busy: boolean): void;
  /** An answer to the newest question; `last` is false for a partial one. */
  answer(answer: A, question: Q, last: boolean): void;
  failed(error: unknown, question: Q): void;
}

export class Asker<Q, A> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | undefined;
  private sequence = 0;

  constructor(
    private readonly run: Ask<Q, A>,
    private readonly listener: Listener<Q, A>,
    /** Milliseconds of quiet before a question is asked. */
    public delay: number,
  ) {}

  /** True from a question to its last answer. */
  get pending(): boolean {
    return this.timer !== undefined || this.running !== undefined;
  }

  /** Ask when there was quiet for a while; the question before is given up at once. */
  ask(question: Q, delay: number = this.delay): void {
    this.giveUp();
    const sequence = this.sequence;
    this.listener.busy(true);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.go(question, sequence);
    }, delay);
  }

  /** Ask nothing any more; no answer comes after this. */
  cancel(): void {
    this.giveUp();
    this.listener.busy(false);
  }

  private giveUp(): void {
    this.sequence++;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.running?.abort();
    this.running = undefined;
  }

  private async go(question: Q, sequence: number): Promise<void> {
    const controller = new AbortController();
    this.running = controller;
    const current = (): boolean => this.sequence === sequence;
    try {
      const answer = await this.run(question, controller.signal, (partial) => {
        if (current() && this.running === controller) {
          this.listener.answer(partial, question, false);
        }
      });
      if (current()) {
        this.running = undefined;
        this.listener.busy(false);
        this.listener.answer(answer, question, true);
      }
    } catch (error) {
      if (current()) {
        this.running = undefined;
        this.listener.busy(false);
        this.listener.failed(error, question);
      }
    }
  }
}
