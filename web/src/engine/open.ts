/* open.ts: which engine this page uses: WebAssembly, unless the address says ?engine=server. */
import type { Engine } from './engine';

export type EngineKind = 'wasm' | 'server';

export function engineKind(search: string): EngineKind {
  return new URLSearchParams(search).get('engine') === 'server' ? 'server' : 'wasm';
}

/** Start an engine of @kind. Rejects with EngineDied. */
export async function openEngine(kind: EngineKind): Promise<Engine> {
  if (kind === 'server') return (await import('./http-engine')).HttpEngine.open();
  return (await import('./wasm-engine')).WasmEngine.open();
}
