/*
 * past.ts: what was seen at earlier steps, so that a picture is compared with the step before it, also when one goes back.
 *
 *     seen       step 3, 4, 5, 9
 *     now at 5   compared with 4: what step 5 changed
 *     now at 9   8 was never seen: compared with what was shown last, and whoever draws says "since step 5"
 *     now at 0   nothing came before
 *
 * Steps are forgotten when a choice changes, since the same step is another moment then; everything with the program.
 */
export interface Epoch {
  program: unknown;
  choices: unknown;
}

export interface Before<T> {
  step: number;
  value: T;
}

export class Past<T> {
  readonly #seen = new Map<string, T>();
  readonly #last = new Map<string, Before<T> & { before: Before<T> | null }>();
  #epoch: Epoch = { program: null, choices: null };
  readonly #most: number;

  constructor(most = 200) {
    this.#most = most;
  }

  /** Keep what @key looks like at @step and return what that is compared with; null: nothing. */
  keep(epoch: Epoch, key: string, step: number, value: T): Before<T> | null {
    if (epoch.program !== this.#epoch.program) this.#last.clear();
    if (epoch.program !== this.#epoch.program || epoch.choices !== this.#epoch.choices) this.#seen.clear();
    this.#epoch = epoch;
    this.#remember(`${step} ${key}`, value);
    const before = this.#before(key, step);
    this.#last.set(key, { step, value, before });
    return before;
  }

  #remember(place: string, value: T): void {
    this.#seen.delete(place);
    this.#seen.set(place, value);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > this.#most && oldest !== undefined) this.#seen.delete(oldest);
  }

  #before(key: string, step: number): Before<T> | null {
    const place = `${step - 1} ${key}`;
    if (step === 0) return null;
    if (this.#seen.has(place)) return { step: step - 1, value: this.#seen.get(place)! };
    const last = this.#last.get(key);
    if (!last || last.step === step) return last?.before ?? null;
    return { step: last.step, value: last.value };
  }
}
