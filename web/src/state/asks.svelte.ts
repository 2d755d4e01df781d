/*
 * asks.svelte.ts: the lesson's questions: which one is due, what was answered, what the engine said to it.
 *
 * A question stands before a code section and is due until the first statement of that section has run. Whether an
 * answer is right only the engine knows.
 */
import type { Ask, Section } from '../protocol/types';
import type { Session } from './session.svelte';

export interface Answered {
  value: string;
  right: boolean;
  correct: string;
  why: string;
}

export class Asks {
  answered = $state.raw<Record<number, Answered>>({});

  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  reset(): void {
    this.answered = {};
  }

  /** The question before which the program stands, unanswered. */
  due = $derived.by<Ask | null>(() => {
    const sections = this.#session.lesson?.sections ?? [];
    const index = sections.findIndex((section, i) => section.ask && this.state(section, i) === 'now');
    const ask = sections[index]?.ask;
    return ask && !this.answered[ask.index] ? ask : null;
  });

  /** Where the program stands to the question in @section, number @index of the lesson. */
  state(section: Section, index: number): 'ahead' | 'now' | 'passed' {
    const sections = this.#session.lesson?.sections ?? [];
    const code = sections.findIndex((each, i) => i > index && each.kind === 'code');
    const position = this.#session.position;
    if (code < 0 || !position || !section.ask) return 'ahead';
    const begun = this.#begun(code);
    if (begun) return 'passed';
    return position.next?.block === code ? 'now' : 'ahead';
  }

  /** Has any statement of code section @code run? */
  #begun(code: number): boolean {
    const { position, lesson, trail, step } = this.#session;
    void this.#session.trailed;
    const next = position?.next;
    if (!next) return position?.last !== null;
    if (next.block > code) return true;
    if (next.block < code) return false;
    const section = lesson?.sections[code];
    for (let line = section?.first_line ?? 0; line <= (section?.end_line ?? -1); line++) {
      if (trail.lastOn(line, step)?.block === code) return true;
    }
    return position?.last?.block === code;
  }

  /** Ask the engine whether @value is right. */
  async answer(ask: Ask, value: string): Promise<void> {
    const reply = await this.#session.act((engine) => engine.request('answer', { ask: ask.index, value }));
    if (reply) this.answered = { ...this.answered, [ask.index]: { value, ...reply } };
  }

  again(ask: Ask): void {
    const { [ask.index]: _, ...rest } = this.answered;
    this.answered = rest;
  }
}
