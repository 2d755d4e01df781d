/*
 * pools.ts: memory pools as the view needs them, with the last step's story. Pure: the same snapshot, events and moment
 * give the same picture.
 *
 *     allocation function ──(gives)──> caller ──(free)──> reserve while curr_nr < min_nr
 *                │ gave nothing           │
 *                └──> reserve ──> caller  └──> else: free function
 */
import { isEvent, type LaEvent, type Pool } from '../../protocol/types';

/** The way an element went. */
export type Way = 'allocator' | 'reserve' | 'empty' | 'keep' | 'release';

export interface Move {
  way: Way;
  address: string;
  /** 0 to 1: how far it is told. */
  t: number;
  say: string;
}

/** Steps that are looked through for the last move; a lesson's are fewer. */
const LOOK_BACK = 2000;

const WAYS = { pool_alloc: 'allocator', pool_take: 'reserve', pool_empty: 'empty', pool_keep: 'keep', pool_release: 'release' } as const;

/** What @events of a step did with the elements of @pool, in order, told up to @at. */
export function movesOf(pool: Pool, events: LaEvent[], at: number): Move[] {
  return events.flatMap((event, i) => {
    const way = WAYS[event.e as keyof typeof WAYS];
    if (!way || event['pool'] !== pool.address) return [];
    const address = isEvent(event, 'pool_empty') ? '' : (event['addr'] as string);
    return [{ way, address, t: Math.min(1, Math.max(0, at - i)), say: event.say }];
  });
}

export interface Place {
  /** The element at rest here; "" = an empty place. */
  address: string;
  /** It came to rest in this step, or it is about to leave. */
  now: boolean;
  /** The next to be handed out. */
  next: boolean;
}

/** The places of the reserve, first element first; at least min_nr of them, at most @most. */
export function placesOf(pool: Pool, moves: Move[], most: number): Place[] {
  const untold = (way: Way) => moves.filter((move) => move.way === way && move.t < 1).map((move) => move.address);
  const coming = new Set(untold('keep'));
  const leaving = untold('reserve').filter((address) => !pool.elements.includes(address) && !coming.has(address));
  const arrived = new Set(moves.filter((move) => move.way === 'keep' && move.t >= 1).map((move) => move.address));
  const rest = [...pool.elements.filter((address) => !coming.has(address)), ...leaving.reverse()];
  const places = Math.min(most, Math.max(pool.min_nr, rest.length));
  return Array.from({ length: places }, (_, i) => ({
    address: rest[i] ?? '',
    now: rest[i] !== undefined && (arrived.has(rest[i]) || leaving.includes(rest[i])),
    next: i === rest.length - 1 && pool.curr_nr <= pool.elements.length,
  }));
}

const WORDS: Record<Way, string> = {
  allocator: 'the last element asked for came from the allocation function',
  reserve: 'the last element asked for came from the reserve',
  empty: 'the last caller found the reserve empty',
  keep: 'the last element given back stays in the reserve',
  release: 'the last element given back went to the free function',
};

export const wayInWords = (way: Way): string => WORDS[way];

/** The last way an element of @pool went, looking back from @step through what each step's @events are known to be. */
export function lastWay(pool: Pool, step: number, events: (step: number) => LaEvent[]): { way: Way; step: number } | null {
  for (let at = step; at > 0 && at > step - LOOK_BACK; at--) {
    const some = events(at);
    const move = movesOf(pool, some, some.length).at(-1);
    if (move) return { way: move.way, step: at };
  }
  return null;
}
