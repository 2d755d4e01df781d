/// <reference types="svelte" />
/// <reference types="vite/client" />

declare module 'virtual:engine' {
  /** Where lookaside.wasm is; null when it was not built. */
  const address: string | null;
  export default address;
}
