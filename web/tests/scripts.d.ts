declare module '*/gen-types.mjs' {
  export function generateTypes(): Promise<string>;
  export function generateEvents(): string;
}
