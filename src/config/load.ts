import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { messageOf } from '../kit/error.ts'
import { Secret } from '../kit/secret.ts'
import { GATEWAY, PROVIDER_ALIASES } from './alias.ts'
import { contradictions } from './check.ts'
import { ConfigError, type Diagnostic, type Source } from './diagnose.ts'
import { type Entry, joinLayers, type Layer, leafEntries, textEntries } from './entry.ts'
import { type Environment, readEnvironment } from './env.ts'
import { type ConfigFile, findFile, readFileLayer } from './file.ts'
import { ANTHROPIC_URL, merge, providerNames, winners } from './merge.ts'
import type { ReadFile } from './paths.ts'
import { readSettingsFile } from './read-settings-file.ts'
import { type Settings, SettingsSchema } from './schema.ts'
import { keyText, leafAt, leaves, type Path } from './tree.ts'

/** A value that a command sets by itself, above all flags. */
export interface Override {
  readonly path: Path
  readonly value: unknown
  /** The flag or command that asks for it: `flag --mode`. */
  readonly source: string
}

/** The world as the loader sees it. */
export interface LoadOptions {
  readonly env: Environment
  readonly cwd: string
  readonly home: string
  /** Flags by name without dashes, as text; `config` is the file's path. */
  readonly flags?: Readonly<Record<string, string | undefined>>
  readonly overrides?: readonly Override[]
  /** Reads from the disk unless given. */
  readonly readFile?: ReadFile
}

/** Settings with what a user may want to know of them. */
export interface Loaded {
  readonly settings: Settings
  /** Each key's source: `flag --port`, `environment PORT`, `.env PORT`, `file ./ccproxy.toml`, `default`. */
  readonly sources: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
  /** The config file that was read, as an absolute path. */
  readonly file: string | undefined
}

const none: Layer = { entries: [], diagnostics: [], warnings: [] }

/**
 * Loads the settings: flags > environment > `.env` > one TOML file > defaults, leaf by leaf.
 * Throws one ConfigError with everything that is wrong.
 */
export async function loadSettings(options: LoadOptions): Promise<Loaded> {
  const { env, cwd, home, flags = {}, readFile = readSettingsFile } = options
  const warnings: string[] = []
  const dotenv = await readDotenv(cwd, readFile, warnings)
  const config = flags.config
  const found = findFile({ env: { ...dotenv, ...env }, cwd, home, config, readFile })
  const file = found !== undefined && 'text' in found ? found : undefined
  const lost = found === undefined || 'text' in found ? [] : [found]
  const fileLayer = file === undefined ? none : readFileLayer(file, [env, dotenv])
  const names = providerNames(fileLayer.entries)
  const layers = joinLayers([
    fileLayer,
    readEnvironment(dotenv, '.env', names),
    readEnvironment(env, 'environment', names),
    readFlags(flags, options.overrides ?? []),
  ])
  warnings.push(...layers.warnings)
  const entries = withoutForeignKeys(withoutIdleAliases(layers.entries, warnings), warnings)
  const merged = merge(entries)
  const problems = [...lost, ...layers.diagnostics, ...merged.diagnostics]
  const settings = settingsOf(merged.plain, problems)
  if (settings === undefined) throw await located(problems, file)
  const second = addGatewayToken(settings, entries)
  const sourceOf = (path: Path) => nearestSource(merged.sources, path)
  const clashes = contradictions(settings, sourceOf)
  if (clashes.length + problems.length > 0) throw await located([...problems, ...clashes], file)
  const sources = new Map([...merged.sources].map(([key, source]) => [key, source.text]))
  if (second !== undefined) sources.set(TOKENS, joined(sources.get(TOKENS), second))
  return { settings, sources, warnings, file: file?.path }
}

async function readDotenv(
  cwd: string,
  readFile: ReadFile,
  warnings: string[],
): Promise<Environment> {
  let text: string | undefined
  try {
    text = readFile(join(cwd, '.env'))
  } catch (error) {
    // Some keep a folder of that name; it must not stop ccproxy.
    warnings.push(`.env is ignored: ${messageOf(error)}`)
  }
  if (text === undefined) return {}
  const { parse } = await import('dotenv')
  return parse(text)
}

function readFlags(
  flags: Readonly<Record<string, string | undefined>>,
  overrides: readonly Override[],
): Layer {
  const entries = leaves([]).flatMap((leaf) => {
    const { flag } = leaf.meta
    const text = flag === undefined ? undefined : flags[flag]
    if (text === undefined) return []
    return textEntries(leaf, text, { kind: 'flag', text: `flag --${flag}` })
  })
  const more = overrides.flatMap(({ path, value, source }) => {
    const leaf = leafAt(path)
    if (leaf === undefined) throw new TypeError(`No setting is named "${keyText(path)}"`)
    return leafEntries(leaf, value, { kind: 'flag', text: source })
  })
  return { ...none, entries: [...entries, ...more] }
}

/** `DEFAULT_MAX_TOKENS` alone describes no upstream; it must not make half a provider. */
function withoutIdleAliases(entries: readonly Entry[], warnings: string[]): readonly Entry[] {
  const idle = new Set(PROVIDER_ALIASES.filter((one) => one.needsProvider).map((one) => one.name))
  const isIdle = ({ source }: Entry) => idle.has(source.text.replace(/^\S+ /, ''))
  const isGateway = ({ path }: Entry) => path[0] === 'providers' && path[1] === GATEWAY
  if (entries.some((entry) => isGateway(entry) && !isIdle(entry))) return entries
  const dropped = new Set(entries.filter((entry) => isGateway(entry) && isIdle(entry)))
  for (const text of new Set([...dropped].map(({ source }) => source.text))) {
    warnings.push(`${text} is ignored: there is no provider "${GATEWAY}" (set UPSTREAM_BASE_URL)`)
  }
  return entries.filter((entry) => !dropped.has(entry))
}

/** Clients are told to export a dummy ANTHROPIC_API_KEY; such a value must never reach Anthropic. */
function withoutForeignKeys(entries: readonly Entry[], warnings: string[]): readonly Entry[] {
  const won = winners(entries)
  const kind = won.get('providers.anthropic.kind')?.value ?? 'anthropic'
  const url = won.get('providers.anthropic.base_url')?.value ?? ANTHROPIC_URL
  if (kind !== 'anthropic' || typeof url !== 'string' || !isAnthropic(url)) return entries
  return entries.filter(({ source, value }) => {
    const flat = source.text.endsWith(' ANTHROPIC_API_KEY')
    if (!flat || typeof value !== 'string' || value.startsWith('sk-ant-')) return true
    warnings.push(`${source.text} is ignored: it does not start with "sk-ant-"`)
    return false
  })
}

function isAnthropic(url: string): boolean {
  return URL.canParse(url) && new URL(url).host === new URL(ANTHROPIC_URL).host
}

/** Complete and checked plain settings become Settings; wrong leaves were reported by then. */
function settingsOf(plain: unknown, problems: readonly Diagnostic[]): Settings | undefined {
  if (Value.Check(SettingsSchema, plain)) return wrapSecrets(plain)
  if (problems.length > 0) return undefined
  const [first] = Value.Errors(SettingsSchema, plain)
  throw new TypeError(`Settings do not fit their schema at ${first?.path}: ${first?.message}`)
}

/** The schema calls these leaves Secret, but up to here they are text. */
function wrapSecrets(settings: Settings): Settings {
  const { security, providers, record } = settings
  if (record.database !== undefined) record.database = wrap(record.database)
  if (security.auth_token !== undefined) security.auth_token = wrap(security.auth_token)
  for (const token of security.tokens) {
    if (token.token !== undefined) token.token = wrap(token.token)
  }
  for (const provider of Object.values(providers)) {
    if (provider.api_key !== undefined) provider.api_key = wrap(provider.api_key)
  }
  return settings
}

function wrap(value: unknown): Secret {
  return value instanceof Secret ? value : new Secret(String(value))
}

/**
 * Both variables set: both keys let in, and where the second one is from. A flag, a prefixed name or nothing flat changes
 * nothing.
 */
function addGatewayToken(settings: Settings, entries: readonly Entry[]): string | undefined {
  const pair = ['AUTH_TOKEN', 'GATEWAY_API_KEY']
  const isFlat = (entry: Entry | undefined, name: string | undefined) =>
    entry?.source.text === `environment ${name}` || entry?.source.text === `.env ${name}`
  const own = winners(entries).get('security.auth_token')
  const name = pair.find((one) => isFlat(own, one))
  const rest = pair.find((one) => one !== name)
  const other = entries.findLast((entry) => isFlat(entry, rest))
  if (name === undefined || rest === undefined || other?.value === own?.value) return undefined
  if (typeof other?.value !== 'string') return undefined
  settings.security.tokens.push({ name: rest, token: new Secret(other.value) })
  return other.source.text
}

const TOKENS = 'security.tokens'

/** One source beside another; a default beside it says nothing. */
function joined(first: string | undefined, second: string): string {
  return first === undefined || first === 'default' ? second : `${first}, ${second}`
}

function nearestSource(sources: ReadonlyMap<string, Source>, path: Path): Source {
  const exact = sources.get(keyText(path))
  if (exact !== undefined) return exact
  const table = `${keyText(path.slice(0, -1))}.`
  const beside = [...sources].find(([key, one]) => key.startsWith(table) && one.kind !== 'default')
  return beside?.[1] ?? { kind: 'default', text: 'default' }
}

/** Adds line and column to what the file is to blame for; the parser loads only then. */
async function located(
  problems: readonly Diagnostic[],
  file: ConfigFile | undefined,
): Promise<ConfigError> {
  const inFile = problems.some((one) => one.source.kind === 'file' && one.path.length > 0)
  if (file === undefined || !inFile) return new ConfigError(problems)
  const { positionOf, statements } = await import('./locate.ts')
  const all = statements(file.text)
  return new ConfigError(
    problems.map((one) => {
      if (one.source.kind !== 'file' || one.position !== undefined) return one
      const position = positionOf(all, one.path)
      return position === undefined ? one : { ...one, position }
    }),
  )
}
