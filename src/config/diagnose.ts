/** Where a value came from: `flag --port`, `environment PORT`, `.env PORT`, `file ./ccproxy.toml`, `default`. */
export interface Source {
  readonly kind: 'flag' | 'environment' | '.env' | 'file' | 'default'
  readonly text: string
}

/** One thing wrong with the settings. */
export interface Diagnostic {
  /** The key at fault; empty where the whole source is. */
  readonly path: readonly string[]
  readonly source: Source
  readonly message: string
  /** `3:1` within a file. */
  readonly position?: string
}

/** Everything wrong with the settings, reported at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[]) {
    super(renderDiagnostics(diagnostics))
    this.diagnostics = diagnostics
  }
}

/** Renders diagnostics as one line, or as a tree grouped by source where there are several. */
function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const [first] = diagnostics
  if (first !== undefined && diagnostics.length === 1) return oneLine(first)
  const groups = new Map<string, Diagnostic[]>()
  for (const diagnostic of diagnostics) {
    const title = titleOf(diagnostic.source)
    groups.set(title, [...(groups.get(title) ?? []), diagnostic])
  }
  const lines = [`Cannot use these settings: ${diagnostics.length} problems`]
  const entries = [...groups]
  for (const [index, [title, group]] of entries.entries()) {
    const last = index === entries.length - 1
    lines.push(`${last ? '└─' : '├─'} ${title}`)
    for (const [at, diagnostic] of group.entries()) {
      const branch = at === group.length - 1 ? '└─' : '├─'
      const place = diagnostic.position === undefined ? '' : `${diagnostic.position}: `
      lines.push(`${last ? '   ' : '│  '}${branch} ${place}${diagnostic.message}`)
    }
  }
  return lines.join('\n')
}

function oneLine(diagnostic: Diagnostic): string {
  const { source, position, message } = diagnostic
  if (source.kind !== 'file') return `Cannot use ${titleOf(source)}: ${message}`
  const place = position === undefined ? '' : `:${position}`
  return `Cannot read config "${source.text.slice('file '.length)}${place}": ${message}`
}

function titleOf(source: Source): string {
  return source.kind === 'default' ? 'these settings' : source.text
}
