import { isRecord } from '../../kit/json.ts'
import type { Profile } from '../profile.ts'
import { singleType } from './single-type.ts'

/** Keywords whose value is a schema, a list of schemas, or named schemas. */
const NESTED = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains']
const LISTED = ['anyOf', 'oneOf', 'allOf', 'prefixItems']
const NAMED = ['properties', '$defs', 'definitions', 'patternProperties']

/** Cleans the schemas of one request's tools, and remembers what it had to leave out. */
export class SchemaCleaner {
  readonly #drop: ReadonlySet<string>
  readonly #typeLists: boolean
  readonly dropped = new Set<string>()

  constructor(profile: Pick<Profile, 'schema_drop' | 'schema_type_lists'>) {
    this.#drop = new Set(profile.schema_drop)
    this.#typeLists = profile.schema_type_lists
  }

  /** A schema whose objects all have `properties`, without the keywords that the upstream refuses. */
  clean(schema: unknown): unknown {
    if (!isRecord(schema)) return schema
    const out: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(this.#typeLists ? schema : singleType(schema))) {
      if (this.#drop.has(key)) this.#leaveOut(key, value, out)
      else out[key] = this.#value(key, value)
    }
    if (out.type === 'object' && out.properties === undefined) out.properties = {}
    return out
  }

  /** One value says the same as a list of one. */
  #leaveOut(key: string, value: unknown, out: Record<string, unknown>): void {
    if (key === 'const' && typeof value === 'string') out.enum = [value]
    else this.dropped.add(key)
  }

  #value(key: string, value: unknown): unknown {
    if (NESTED.includes(key)) return this.clean(value)
    if (LISTED.includes(key) && Array.isArray(value)) return value.map((inner) => this.clean(inner))
    if (!NAMED.includes(key) || !isRecord(value)) return value
    const entries = Object.entries(value).map(([name, inner]) => [name, this.clean(inner)])
    return Object.fromEntries(entries)
  }
}
