/*
 * app.svelte.ts: the page as a whole: its stores, which lesson is open, links in and out, the draft that is kept.
 *
 *     address ──> App ──> Session ──> SnapshotStore ──> views
 *                  └─ Player, Motion, Selection, Settings
 */
import { getContext, setContext } from 'svelte';
import { openEngine, type EngineKind } from '../engine/open';
import type { Engine } from '../engine/engine';
import { forget, recall, remember } from '../lib/storage';
import { listLessons, loadLesson, type LessonEntry } from '../lessons/catalog';
import { Motion } from '../motion/motion.svelte';
import { Asks } from './asks.svelte';
import { Player } from './player.svelte';
import { Selection } from './selection.svelte';
import { Session } from './session.svelte';
import { Settings } from './settings.svelte';
import { decodeShare, encodeShare, type Shared } from './share';
import { SnapshotStore } from './snapshot.svelte';
import { parseRoute } from './route';

export type Panel = 'story' | 'stage' | 'inspector';

export class App {
  readonly settings = new Settings();
  readonly snapshot = new SnapshotStore();
  readonly motion = new Motion();
  readonly session: Session;
  readonly player: Player;
  readonly selection: Selection;
  readonly asks: Asks;

  /** Where the lesson came from; "" for one that is only here. */
  path = $state('');
  original = $state('');
  view = $state('overview');
  page = $state<'lesson' | 'lessons'>('lesson');
  panel = $state<Panel>(typeof matchMedia === 'function' && matchMedia('(max-width: 760px)').matches ? 'stage' : 'story');
  help = $state(false);
  editing = $state(false);
  lessons = $state.raw<LessonEntry[] | null>(null);
  /** Something to say that is no failure: a link from another version, a draft brought back. */
  remark = $state('');

  readonly #server: boolean;

  constructor(kind: EngineKind, start: () => Promise<Engine> = () => openEngine(kind)) {
    this.#server = typeof location !== 'undefined' && location.protocol.startsWith('http');
    this.session = new Session(this.snapshot, this.motion, start);
    this.asks = new Asks(this.session);
    this.player = new Player(this.session, this.motion, this.settings, this.asks);
    this.selection = new Selection(this.snapshot, (line) => {
      void this.session.trailed;
      return this.session.trail.lastOn(line, this.session.step)?.pfns ?? [];
    });
  }

  get edited(): boolean {
    return this.original !== '' && this.session.source !== this.original;
  }

  get entry(): LessonEntry | undefined {
    return this.lessons?.find((lesson) => lesson.path === this.path);
  }

  /** Load the list and whatever the address asks for. */
  async start(fragment: string): Promise<void> {
    this.lessons = await listLessons(this.#server);
    await this.go(fragment);
  }

  /** Follow the fragment of an address. */
  async go(fragment: string): Promise<void> {
    const route = parseRoute(fragment);
    this.player.pause();
    this.page = route.page === 'lessons' ? 'lessons' : 'lesson';
    if (route.page === 'lessons') return;
    if (route.page === 'shared') return this.#openShared(route.data);
    const path = route.path ?? recall<string>('last') ?? this.lessons?.[0]?.path;
    if (path === undefined || (!route.path && !this.lessons?.some((l) => l.path === path))) {
      const first = this.lessons?.[0]?.path;
      if (!first) this.page = 'lessons';
      else await this.openLesson(first);
      return;
    }
    await this.openLesson(path);
  }

  async openLesson(path: string): Promise<void> {
    const text = await loadLesson(path, this.#server);
    if (text === null) {
      this.remark = `There is no lesson “${path}” here. These are the ones there are.`;
      this.page = 'lessons';
      return;
    }
    this.#begin(path, text);
    remember('last', path);
    const draft = recall<string>(`draft.${path}`);
    if (draft !== undefined && draft !== text) this.remark = 'Your edits of this lesson were brought back.';
    await this.session.open(draft ?? text, path);
  }

  #begin(path: string, original: string): void {
    this.page = 'lesson';
    this.path = path;
    this.original = original;
    this.remark = '';
    this.editing = false;
    this.view = 'overview';
    this.asks.reset();
    this.selection.selected = null;
    this.selection.picking = null;
  }

  async #openShared(data: string): Promise<void> {
    const shared = await decodeShare(data);
    if (!shared) {
      this.remark = 'This link is not complete, so it cannot be opened. Ask for it once more.';
      this.page = 'lessons';
      return;
    }
    const original = shared.path ? await loadLesson(shared.path, this.#server) : null;
    const source = shared.source ?? original;
    if (source === null) {
      this.remark = `The link leads to the lesson “${shared.path}”, which is not here.`;
      this.page = 'lessons';
      return;
    }
    this.#begin(original === null ? '' : (shared.path ?? ''), original ?? source);
    if (shared.view) this.view = shared.view;
    const hash = await this.session.openAt(source, this.path, shared.choices, shared.step);
    if (hash !== undefined && shared.hash && hash !== shared.hash) {
      this.remark = 'This link was made with another version of the lesson or of Lookaside: the machine is not quite the same.';
    }
  }

  /** The address that brings somebody else exactly here. */
  async link(): Promise<string> {
    const log = this.session.runnable ? await this.session.act((engine) => engine.request('log')) : undefined;
    const shared: Shared = {
      v: 1,
      ...(this.path ? { path: this.path } : {}),
      ...(this.path && !this.edited ? {} : { source: this.session.source }),
      choices: log?.choices ?? [],
      step: this.session.step,
      view: this.view,
      hash: this.session.position?.hash ?? '',
    };
    return `${location.href.replace(/#.*$/, '')}#s=${await encodeShare(shared)}`;
  }

  /** The text changed under the reader's hands. It is kept before anything else can go wrong. */
  async edit(source: string): Promise<void> {
    this.player.pause();
    const linked = this.path === '' || location.hash.startsWith('#s=');
    if (source === this.original) forget(`draft.${this.path}`);
    else if (this.path) remember(`draft.${this.path}`, source);
    this.asks.reset();
    await this.session.edit(source, this.path);
    // A lesson out of a link lives in the address, so its edits do too.
    if (linked) history.replaceState(null, '', await this.link());
  }

  async revert(): Promise<void> {
    await this.edit(this.original);
  }

  /** A new engine after one has died; text and step stay. */
  async restart(): Promise<void> {
    const { source, step, choices } = this.session;
    this.session.disconnect();
    if (source) await this.session.openAt(source, this.path, choices, step);
    else await this.go(location.hash);
  }
}

const KEY = Symbol('app');

export function provideApp(app: App): void {
  setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
