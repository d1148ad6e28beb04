import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnv, type Outcome, outcomeOf, ROOT, tempDir } from './child.ts'

/** How Codex is run. */
export interface CodexOptions {
  readonly prompt: string
  /** The proxy's URL with its mode's prefix and `/v1`. */
  readonly baseUrl: string
  readonly apiKey: string
  readonly model: string
  /** A second turn in the same conversation, after the first has ended. */
  readonly followUp?: string
  /** Files in its working directory, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** Whether it keeps its own provider, of which the settings change the address alone. */
  readonly builtIn?: boolean
  /** Tokens from which on it compacts its conversation. */
  readonly compactFrom?: number
  readonly timeout?: number
}

/** What a run printed and left. */
export interface CodexOutcome extends Outcome {
  /** A file below its working directory. */
  readonly file: (path: string) => Promise<string | undefined>
  remove(): void
}

/** The `codex` executable of the platform package that npm installed. */
export function codexPath(): string {
  const name = process.platform === 'win32' ? 'codex.exe' : 'codex'
  const vendor = join(
    ...[ROOT, 'node_modules', '@openai', `codex-${process.platform}-${process.arch}`, 'vendor'],
  )
  for (const target of existsSync(vendor) ? readdirSync(vendor) : []) {
    const path = join(vendor, target, 'bin', name)
    if (existsSync(path)) return path
  }
  throw new Error(`Cannot find Codex below "${vendor}": run "bun install" first`)
}

function config(options: CodexOptions): string {
  const { compactFrom } = options
  const limit = compactFrom === undefined ? '' : `model_auto_compact_token_limit = ${compactFrom}`
  const provider =
    options.builtIn === true ? `openai_base_url = "${options.baseUrl}"` : 'model_provider = "proxy"'
  return `
model = "${options.model}"
${provider}
${limit}
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[model_providers.proxy]
name = "The proxy"
base_url = "${options.baseUrl}"
env_key = "PROXY_KEY"
wire_api = "responses"

[analytics]
enabled = false

[otel]
exporter = "none"
`
}

/** Runs the real Codex on loopback, with a dummy key, a fresh HOME and nothing else. */
export async function runCodex(options: CodexOptions): Promise<CodexOutcome> {
  const home = tempDir()
  const work = join(home.path, 'work')
  mkdirSync(work)
  mkdirSync(join(home.path, '.codex'))
  writeFileSync(join(home.path, '.codex', 'config.toml'), config(options))
  for (const [name, content] of Object.entries(options.files ?? {})) {
    writeFileSync(join(work, name), content)
  }
  const exec = (args: readonly string[]) => execute(args, work, home.path, options)
  const outcome = await exec([options.prompt])
  const last =
    options.followUp === undefined ? outcome : await exec(['resume', '--last', options.followUp])
  const file = async (path: string): Promise<string | undefined> => {
    const found = Bun.file(join(work, path))
    return (await found.exists()) ? found.text() : undefined
  }
  return { ...last, file, remove: () => home.remove() }
}

function execute(
  args: readonly string[],
  work: string,
  home: string,
  options: CodexOptions,
): Promise<Outcome> {
  const child = Bun.spawn([codexPath(), 'exec', '--skip-git-repo-check', ...args], {
    cwd: work,
    env: cleanEnv(home, {
      [options.builtIn === true ? 'CODEX_API_KEY' : 'PROXY_KEY']: options.apiKey,
    }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  return outcomeOf(child, options.timeout ?? 45_000)
}
