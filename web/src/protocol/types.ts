/*
 * types.ts: the protocol's types under the names the page uses.
 *
 * `Event` and `Error` would hide the browser's own, so they get a prefix here.
 */
import type * as P from './types.gen';

export type {
  Ask,
  Cache,
  Choice,
  Cpu,
  CpuArea,
  CpuCounter,
  CpuVariable,
  Device,
  Diagnostic,
  FreeArea,
  FrameRuns,
  InspectResult,
  KeyValue,
  Lesson,
  Mark,
  Next,
  Operations,
  Pcp,
  Pool,
  Position,
  Section,
  Since,
  Slab,
  SlotPart,
  Snapshot,
  Step,
  TablesResult,
  Thread,
  Turn,
  Variable,
  VmArea,
  WalkResult,
  WalkStep,
  Zone,
} from './types.gen';
export type { AnyEvent, EventName, Events } from './events.gen';

export type LaEvent = P.Event;
export type LaError = P.Error;
export type Reply = P.Reply;
export type Op = keyof P.Operations;
export type Params<O extends Op> = P.Operations[O]['request'];
export type Result<O extends Op> = P.Operations[O]['result'];

export type Machine = NonNullable<P.Snapshot['machine']>;
export type Vmalloc = NonNullable<P.Snapshot['vmalloc']>;
export type Percpu = NonNullable<P.Snapshot['percpu']>;
export type Boot = NonNullable<P.Snapshot['boot']>;
export type ConsoleLine = NonNullable<P.Snapshot['console']>['lines'][number];
export type SectionName = keyof P.Snapshot;

import type { Events, EventName } from './events.gen';

/** Narrow an event to one row of the table: `isEvent(ev, 'split') && ev.order`. */
export function isEvent<N extends EventName>(event: LaEvent, name: N): event is LaEvent & Events[N] {
  return event.e === name;
}
