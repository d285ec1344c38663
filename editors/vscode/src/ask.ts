// Asks one question at a time: waits for a pause in typing, cancels superseded questions, and drops stale answers.

/** Asks one question; calls `partial` with each preliminary answer. */
export type Ask<Q, A> = (question: Q, signal: AbortSignal, partial: (answer: A) => void) => Promise<A>;

export interface Listener<Q, A> {
  /** True while a question is waiting or being answered. */
  busy(busy: boolean): void;
  /** Receives an answer to the newest question; `last` is false for a preliminary one. */
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
    /** Milliseconds without a new question before one is asked. */
    public delay: number,
  ) {}

  /** True from asking a question until its last answer. */
  get pending(): boolean {
    return this.timer !== undefined || this.running !== undefined;
  }

  /** Ask after the delay; cancels the previous question at once. */
  ask(question: Q, delay: number = this.delay): void {
    this.giveUp();
    const sequence = this.sequence;
    this.listener.busy(true);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.go(question, sequence);
    }, delay);
  }

  /** Cancel the current question; no answer arrives after this. */
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
