// A validator for the part of JSON Schema that core/protocol/protocol.schema.json uses, and for nothing else.
//
// An unknown keyword throws: a rule that nobody checks would be worse than none. Numbers must be integers, as the
// protocol has no others.

const KNOWN = new Set([
  '$ref', 'type', 'properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems', 'enum', 'const', 'pattern',
  'oneOf', 'minimum', 'description', 'title',
]);

const TYPES = {
  object: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
  array: Array.isArray,
  string: (v) => typeof v === 'string',
  integer: Number.isSafeInteger,
  boolean: (v) => typeof v === 'boolean',
  null: (v) => v === null,
};

export class Schema {
  constructor(document) {
    this.document = document;
  }

  /** The schema that `#/a/b` names. */
  at(ref) {
    const found = ref.slice(2).split('/').reduce((node, key) => node?.[key], this.document);
    if (!ref.startsWith('#/') || !found) throw new Error(`no schema at ${ref}`);
    return found;
  }

  /** What is wrong with `value`: lines like `result.steps[0].line: …`; empty when nothing is. */
  problems(schema, value, path = '') {
    for (const keyword of Object.keys(schema)) if (!KNOWN.has(keyword)) throw new Error(`schema keyword ${keyword} is not checked`);
    const found = [];
    const wrong = (text) => found.push(`${path || '(top)'}: ${text}`);
    if (schema.$ref) found.push(...this.problems(this.at(schema.$ref), value, path));
    if (schema.type !== undefined) {
      if (!TYPES[schema.type]) throw new Error(`unknown type ${schema.type}`);
      if (!TYPES[schema.type](value)) {
        wrong(`not of type ${schema.type}: ${JSON.stringify(value)?.slice(0, 80)}`);
        return found;
      }
    }
    if ('const' in schema && value !== schema.const) wrong(`is not ${JSON.stringify(schema.const)}`);
    if (schema.enum && !schema.enum.includes(value)) wrong(`${JSON.stringify(value)} is none of ${schema.enum.join(', ')}`);
    if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) wrong(`${JSON.stringify(value)} does not match ${schema.pattern}`);
    if (schema.minimum !== undefined && value < schema.minimum) wrong(`${value} is below ${schema.minimum}`);
    if (schema.oneOf) {
      const each = schema.oneOf.map((option) => this.problems(option, value, path));
      if (each.filter((problems) => problems.length === 0).length !== 1)
        wrong(`fits ${each.filter((problems) => problems.length === 0).length} of ${each.length} forms: ${each.flat().slice(0, 3).join('; ')}`);
    }
    if (TYPES.array(value)) {
      if (schema.minItems !== undefined && value.length < schema.minItems) wrong(`has ${value.length} items`);
      if (schema.maxItems !== undefined && value.length > schema.maxItems) wrong(`has ${value.length} items`);
      if (schema.items) value.forEach((item, i) => found.push(...this.problems(schema.items, item, `${path}[${i}]`)));
    }
    if (TYPES.object(value)) found.push(...this.members(schema, value, path));
    return found;
  }

  members(schema, value, path) {
    const found = [];
    for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) found.push(`${path || '(top)'}: ${name} is missing`);
    for (const [name, member] of Object.entries(value)) {
      const rule = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : null;
      if (rule) found.push(...this.problems(rule, member, `${path}.${name}`));
      else if (schema.additionalProperties === false) found.push(`${path || '(top)'}: ${name} is not in the schema`);
    }
    if (schema.properties && schema.additionalProperties === false) {
      // Keys come in the order of the schema, so that bytes can be compared.
      const order = Object.keys(schema.properties).filter((name) => Object.hasOwn(value, name));
      const got = Object.keys(value).filter((name) => Object.hasOwn(schema.properties, name));
      if (order.join() !== got.join()) found.push(`${path || '(top)'}: keys come as ${got.join(' ')}, not ${order.join(' ')}`);
    }
    return found;
  }
}
