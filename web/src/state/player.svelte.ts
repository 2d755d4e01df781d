/*
 * player.svelte.ts: the transport: play, pause, one step on or back, to the ends.
 *
 * Playing waits for the motion of a step, then a moment, then runs the next; it pauses where a person should look
 * or answer: at a question, a mistake, the end.
 */
import type { Params } from '../protocol/types';
import type { Motion } from '../motion/motion.svelte';
import type { Asks } from './asks.svelte';
import type { Session } from './session.svelte';
import type { Settings } from './settings.svelte';
import { isMistake } from './trail';

const PAUSE = 420;

export class Player {
  playing = $state(false);

  readonly #session: Session;
  readonly #motion: Motion;
  readonly #settings: Settings;
  readonly #asks: Asks;
  #round = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Moves wait for the one before: "one back" means from where that one ends. */
  #moved: Promise<void> = Promise.resolve();

  constructor(session: Session, motion: Motion, settings: Settings, asks: Asks) {
    this.#session = session;
    this.#motion = motion;
    this.#settings = settings;
    this.#asks = asks;
  }

  /** How fast a step is told; 0 = at once. */
  get speed(): number {
    return this.#settings.reducedMotion ? 0 : this.#settings.speed;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  play(): void {
    if (this.playing || !this.#session.runnable) return;
    this.playing = true;
    void this.#run(++this.#round);
  }

  pause(): void {
    this.playing = false;
    this.#round++;
    clearTimeout(this.#timer);
  }

  /** One round of playing; it ends when a newer round or a pause has begun. */
  async #run(round: number): Promise<void> {
    if (this.#session.finished) await this.#session.seek(0);
    while (round === this.#round) {
      const before = this.#session.step;
      const position = await this.#session.forward('into', this.speed);
      await this.#motion.told;
      if (round !== this.#round) return;
      if (!position || position.step === before || position.next === null || this.#asks.due) break;
      if (isMistake(position.last)) break;
      await this.#wait(PAUSE / this.#settings.speed);
    }
    if (round === this.#round) this.playing = false;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(resolve, ms);
    });
  }

  #move(move: () => Promise<unknown>): Promise<void> {
    this.pause();
    this.#moved = this.#moved.then(async () => {
      await move();
    });
    return this.#moved;
  }

  forward(mode: Params<'step'>['mode'] = 'into'): Promise<void> {
    return this.#move(() => this.#session.forward(mode, this.speed));
  }

  back(): Promise<void> {
    return this.#move(async () => {
      if (this.#session.step > 0) await this.#session.seek(this.#session.step - 1);
    });
  }

  seek(step: number): Promise<void> {
    return this.#move(() => this.#session.seek(Math.max(0, step)));
  }

  toStart(): Promise<void> {
    return this.seek(0);
  }

  toEnd(): Promise<void> {
    return this.#move(() => this.#session.seek(this.#session.end >= 0 ? this.#session.end : this.#session.step + 10_000));
  }
}
