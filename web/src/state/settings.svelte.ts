/* settings.svelte.ts: what a person has set for this page; kept in the browser. */
import { recall, remember } from '../lib/storage';

export type Theme = 'auto' | 'light' | 'dark';
export const SPEEDS = [0.5, 1, 2, 4, 16] as const;

interface Saved {
  theme?: Theme;
  speed?: number;
}

export class Settings {
  theme = $state<Theme>('auto');
  speed = $state<number>(1);
  /** The system asks for less motion. */
  reducedMotion = $state(false);

  constructor() {
    const saved = recall<Saved>('settings') ?? {};
    if (saved.theme === 'light' || saved.theme === 'dark') this.theme = saved.theme;
    if (SPEEDS.some((speed) => speed === saved.speed)) this.speed = saved.speed!;
    if (typeof matchMedia !== 'function') return;
    const query = matchMedia('(prefers-reduced-motion: reduce)');
    this.reducedMotion = query.matches;
    query.addEventListener('change', () => (this.reducedMotion = query.matches));
  }

  nextTheme(): void {
    this.theme = this.theme === 'auto' ? 'light' : this.theme === 'light' ? 'dark' : 'auto';
    this.#save();
  }

  nextSpeed(): void {
    const at = SPEEDS.findIndex((speed) => speed === this.speed);
    this.speed = SPEEDS[(at + 1) % SPEEDS.length]!;
    this.#save();
  }

  #save(): void {
    remember('settings', { theme: this.theme, speed: this.speed });
  }
}
