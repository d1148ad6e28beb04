import type { TSchema } from '@sinclair/typebox'
import { stringify } from 'smol-toml'
import { Secret } from '../kit/secret.ts'
import { withoutUrlSecrets } from '../kit/without-url-secrets.ts'
import { wordsOf } from './coerce.ts'
import type { Loaded } from './load.ts'
import { ANTHROPIC_URL } from './merge.ts'
import { SettingsSchema } from './schema.ts'
import { isMap, isTable, keyText, type Leaf, leaves, nodeOf, valueAt } from './tree.ts'

/** One value as `config show` prints it: redacted, with its source. */
export interface ShownValue {
  readonly key: string
  readonly value: unknown
  readonly source: string
}

/** Every value that is set and means something in this version; secrets as `***`. */
export function shownValues({ settings, sources }: Loaded): ShownValue[] {
  const all = leaves(Object.keys(settings.providers)).filter((leaf) => !leaf.meta.unavailable)
  return all.flatMap((leaf) => {
    const value = valueAt(settings, leaf.path)
    if (value === undefined) return []
    if (!isMap(leaf.schema) || !isTable(value) || Object.keys(value).length === 0) {
      const key = keyText(leaf.path)
      return [{ key, value: redacted(leaf, value), source: sources.get(key) ?? 'default' }]
    }
    return Object.entries(value).map(([name, item]) => {
      const key = keyText([...leaf.path, name])
      return { key, value: redacted(leaf, item), source: sources.get(key) ?? 'default' }
    })
  })
}

function redacted(leaf: Leaf, value: unknown): unknown {
  if (value instanceof Secret) return '***'
  const isSecret = leaf.meta.secret === true
  if (typeof value === 'string') return isSecret ? '***' : withoutKeys(value)
  if (isSecret && isTable(value) && Object.keys(value).length > 0) return '***'
  // Secrets within lists print as `***` by themselves.
  if (Array.isArray(value)) return JSON.parse(withoutKeys(JSON.stringify(value)))
  return value
}

/** Keys do turn up where nobody expects them: in helper commands and in URLs. */
function withoutKeys(text: string): string {
  return withoutUrlSecrets(text.replaceAll(/\bsk-[\w-]{8,}/g, '***'))
}

/** The settings tree as JSON Schema, for editors that check TOML. */
export function jsonSchema(): Record<string, unknown> {
  const tree: unknown = JSON.parse(JSON.stringify(SettingsSchema))
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'ccproxy settings',
    ...(isTable(tree) ? plainSchema(tree, false) : {}),
  }
}

/** Nothing is required but within lists: every other key has a default or may be absent. */
function plainSchema(schema: Record<string, unknown>, inList: boolean): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'ccproxy' || (key === 'required' && !inList)) continue
    plain[key] = plainValue(value, inList || key === 'items')
  }
  const words = Array.isArray(plain.anyOf) ? plain.anyOf.map(constantOf) : []
  if (words.length > 0 && words.every((word) => word !== undefined)) {
    delete plain.anyOf
    plain.enum = words
  }
  const later = isTable(schema.ccproxy) && schema.ccproxy.unavailable === true
  if (later) plain.description = `${plain.description} (not available in this version)`
  return plain
}

function plainValue(value: unknown, inList: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => plainValue(one, inList))
  return isTable(value) ? plainSchema(value, inList) : value
}

function constantOf(schema: unknown): unknown {
  return isTable(schema) ? schema.const : undefined
}

const HEAD = `# Settings of ccproxy. Remove the "#" before a key to set it; the values shown are the defaults
# or examples. "$NAME" in a value is taken from the environment. "ccproxy config show" prints what
# is in force and where it came from; flags, environment and .env win over this file.
`

/** A commented config file with every key of this version; any of its lines may be uncommented. */
export function initToml(): string {
  const providers = [
    { name: 'anthropic', kind: 'anthropic' },
    { name: 'gateway', kind: 'openai' },
  ]
  const sections = new Map<string, string[]>()
  for (const leaf of leaves(providers.map((provider) => provider.name))) {
    const kind = providers.find((one) => leaf.path[0] === 'providers' && one.name === leaf.path[1])
    if (leaf.meta.unavailable === true) continue
    if (kind !== undefined && leaf.meta.kinds?.includes(kind.kind) === false) continue
    const section = keyText(leaf.path.slice(0, -1))
    sections.set(section, [...(sections.get(section) ?? []), leafToml(leaf, kind?.kind)])
  }
  const blocks = [...sections].map(([section, lines]) => {
    // A second provider is an example: its header must not make it.
    const header = section === 'providers.gateway' ? `#[${section}]` : `[${section}]`
    return `\n${describedSection(section)}${header}\n${lines.join('\n')}\n`
  })
  return `${HEAD}${blocks.join('')}`
}

function describedSection(section: string): string {
  if (section === 'providers.anthropic') return '# The Anthropic API, there by default\n'
  if (section === 'providers.gateway') return '# An example: any OpenAI-compatible upstream\n'
  const parts = section.split('.')
  let node: TSchema = SettingsSchema
  for (const part of parts) {
    const at = nodeOf(node)
    if (at.type === 'leaf') return ''
    const next = at.type === 'named' ? at.child : at.keys[part]
    if (next === undefined) return ''
    node = next
  }
  return `# ${node.description}\n`
}

function leafToml(leaf: Leaf, kind: string | undefined): string {
  const key = leaf.path.at(-1) ?? ''
  const words = wordsOf(leaf.schema).filter((word) => !leaf.meta.unavailableValues?.includes(word))
  const choice = words.length === 0 ? '' : `: ${words.join(', ')}`
  const comment = `# ${leaf.meta.description}${choice}`
  const value = shownDefault(leaf, key, kind)
  if (leaf.meta.secret === true && value === undefined) {
    return `${comment}\n#   ${key}: text, or "$NAME" to take it from the environment`
  }
  return `${comment}\n#${assignment(key, value)}`
}

function shownDefault(leaf: Leaf, key: string, kind: string | undefined): unknown {
  if (kind !== undefined && key === 'kind') return kind
  if (kind === 'anthropic' && key === 'base_url') return ANTHROPIC_URL
  return leaf.schema.default ?? leaf.meta.example
}

function assignment(key: string, value: unknown): string {
  if (isTable(value) && Object.keys(value).length === 0) return `${key} = {}`
  if (!isTable(value)) return stringify({ [key]: value }).trimEnd()
  const pairs = Object.entries(value).map(([name, one]) => stringify({ [name]: one }).trimEnd())
  return `${key} = {${pairs.length === 0 ? '' : ` ${pairs.join(', ')} `}}`
}
