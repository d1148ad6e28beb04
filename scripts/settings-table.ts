import { type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** What a leaf of the settings tree says of itself, as far as the table shows it. */
const Leaf = Type.Object({
  description: Type.String(),
  env: Type.Optional(Type.Array(Type.String())),
  flag: Type.Optional(Type.String()),
  short: Type.Optional(Type.String()),
  unavailable: Type.Optional(Type.Boolean()),
})

/** The settings as a Markdown table, a row for each leaf that this version has. */
export function settingsTable(schema: TSchema): string {
  const rows = [...leaves(schema, '')]
  return ['| key | default | environment, flag | meaning |', '|---|---|---|---|', ...rows].join(
    '\n',
  )
}

function* leaves(schema: TSchema, path: string): Generator<string> {
  if (schema.ccproxy !== undefined) {
    const meta = Value.Parse(Leaf, schema.ccproxy)
    if (meta.unavailable !== true) yield row(path, schema, meta)
    return
  }
  const properties: Record<string, TSchema> = schema.properties ?? {}
  for (const [key, child] of Object.entries(properties)) {
    yield* leaves(child, path === '' ? key : `${path}.${key}`)
  }
  const named: Record<string, TSchema> = schema.patternProperties ?? {}
  for (const child of Object.values(named)) yield* leaves(child, `${path}.<name>`)
}

function row(path: string, schema: TSchema, meta: typeof Leaf.static): string {
  const names = (meta.env ?? []).map((name) => `\`${name}\``)
  if (meta.flag !== undefined) names.push(`\`--${meta.flag}\``)
  if (meta.short !== undefined) names.push(`\`-${meta.short}\``)
  const cells = [`\`${path}\``, defaultOf(schema), names.join(', '), meta.description]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultOf(schema: TSchema): string {
  return schema.default === undefined ? '–' : `\`${JSON.stringify(schema.default)}\``
}

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->`. */
export function replaceBetween(text: string, name: string, content: string): string {
  const start = `<!-- ${name}:start -->`
  const end = `<!-- ${name}:end -->`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`Cannot find the markers "${start}" and "${end}"`)
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`
}
