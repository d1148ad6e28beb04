import { isRecord } from '../../kit/json.ts'

/** What Claude enforces as it is. @see the structured outputs of Anthropic's own SDK */
const KEPT: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'required', 'description', 'title', '$ref', 'additionalProperties'],
])
const NAMED: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])
const LISTED: ReadonlySet<string> = new Set(['anyOf', 'allOf'])
const FORMATS: ReadonlySet<unknown> = new Set([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'],
])

/**
 * Fits the schema of an answer to what Claude can enforce, where OpenAI enforces more: other keywords become words in
 * the description, by which the model goes.
 */
export class AnswerSchema {
  readonly #closes: boolean
  /** The keywords that are told and not enforced. */
  readonly told = new Set<string>()

  /** `closes`: objects may not stay open, as they may where OpenAI was not asked to be strict. */
  constructor(closes: boolean) {
    this.#closes = closes
  }

  fit(schema: unknown): unknown {
    if (!isRecord(schema)) return schema
    const out: Record<string, unknown> = {}
    const told: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(schema)) {
      if (key === '$schema') continue
      if (NAMED.has(key) && isRecord(value)) out[key] = this.#named(value)
      else if (LISTED.has(key) && Array.isArray(value)) out[key] = this.#listed(value)
      else if (key === 'oneOf' && Array.isArray(value)) out.anyOf = this.#listed(value)
      else if (key === 'items' && isRecord(value)) out.items = this.fit(value)
      else if (isEnforced(key, value)) out[key] = value
      else told[key] = value
    }
    this.#close(out, told)
    if (Object.keys(told).length > 0) this.#tell(out, told)
    return out
  }

  #named(schemas: Record<string, unknown>): object {
    return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, this.fit(one)]))
  }

  #listed(schemas: readonly unknown[]): unknown[] {
    return schemas.map((one) => this.fit(one))
  }

  #close(out: Record<string, unknown>, told: Record<string, unknown>): void {
    const { type, additionalProperties: others } = out
    const isObject = type === 'object' || (Array.isArray(type) && type.includes('object'))
    if (!this.#closes || !isObject || others === false) return
    if (others !== undefined) told.additionalProperties = others
    out.additionalProperties = false
  }

  #tell(out: Record<string, unknown>, told: Record<string, unknown>): void {
    for (const key of Object.keys(told)) this.told.add(key)
    const words = JSON.stringify(told)
    out.description = typeof out.description === 'string' ? `${out.description}\n\n${words}` : words
  }
}

function isEnforced(key: string, value: unknown): boolean {
  if (key === 'format') return FORMATS.has(value)
  return KEPT.has(key) || (key === 'minItems' && (value === 0 || value === 1))
}
