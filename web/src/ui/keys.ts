/*
 * keys.ts: every key of the page, once: the handler and the help dialog both come from this table.
 *
 * A key belongs to the page unless the focus is in something that has keys of its own (a text field, the memory map).
 */
import type { App } from '../state/app.svelte';

export interface Key {
  key: string;
  shown: string[];
  does: string;
  run?: (app: App) => void;
}

export const KEYS: { title: string; keys: Key[] }[] = [
  {
    title: 'Time',
    keys: [
      { key: 'ArrowRight', shown: ['→'], does: 'run the next statement', run: (app) => void app.player.forward() },
      { key: 'ArrowLeft', shown: ['←'], does: 'go back one statement', run: (app) => void app.player.back() },
      { key: ' ', shown: ['Space'], does: 'play or pause', run: (app) => app.player.toggle() },
      { key: 'o', shown: ['o'], does: 'run over a call as one step', run: (app) => void app.player.forward('over') },
      { key: '.', shown: ['.'], does: 'run out of the function', run: (app) => void app.player.forward('out') },
      { key: ',', shown: [','], does: 'run to the next part of the lesson', run: (app) => void app.player.forward('block') },
      { key: 'Home', shown: ['Home'], does: 'go to the start', run: (app) => void app.player.toStart() },
      { key: 'End', shown: ['End'], does: 'go to the end', run: (app) => void app.player.toEnd() },
    ],
  },
  {
    title: 'Page',
    keys: [
      { key: '?', shown: ['?'], does: 'show or hide these keys', run: (app) => (app.help = !app.help) },
      { key: '/', shown: ['/'], does: 'type a statement', run: () => document.getElementById('console-input')?.focus() },
      { key: 'Escape', shown: ['Esc'], does: 'clear the selection, leave a field', run: (app) => (app.selection.selected = null) },
    ],
  },
  {
    title: 'In the pictures of memory and slabs',
    keys: [
      { key: '', shown: ['←', '→', '↑', '↓'], does: 'move from block to block, from object to object' },
      { key: '', shown: ['Enter'], does: 'look at it, or answer with it' },
      { key: '', shown: ['+', '−', '0'], does: 'zoom memory in, out, show everything' },
    ],
  },
  {
    title: 'At the console',
    keys: [
      { key: '', shown: ['↑', '↓'], does: 'earlier statements' },
      { key: '', shown: ['Tab'], does: 'complete a name' },
    ],
  },
];

const RUN = new Map(KEYS.flatMap((group) => group.keys).flatMap((key) => (key.run ? [[key.key, key.run] as const] : [])));

function hasOwnKeys(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('input, textarea, select, [contenteditable=true], dialog')) return true;
  const own = target.closest<HTMLElement>('[data-own-keys]')?.dataset['ownKeys'];
  if (own?.split(' ').includes(key)) return true;
  return (key === ' ' || key === 'Enter') && target.closest('button, a, summary') !== null;
}

/** Handle a key press on the page. */
export function onKey(app: App, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const run = RUN.get(event.key);
  if (!run || hasOwnKeys(event.target, event.key)) return;
  event.preventDefault();
  run(app);
}
