import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnv, type Outcome, outcomeOf, ROOT, tempDir } from './child.ts'

/** How Claude Code is run. */
export interface ClaudeOptions {
  readonly prompt: string
  /** The proxy's URL with its mode's prefix. */
  readonly baseUrl: string
  readonly apiKey: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly timeout?: number
}

/** What a run printed and left. */
export interface ClaudeOutcome extends Outcome {
  /** Files below HOME that a test asked for, by path. */
  readonly file: (path: string) => Promise<string | undefined>
  remove(): void
}

/** The `claude` executable that the Agent SDK's platform package installed. */
export function claudePath(): string {
  const platform = `${process.platform}-${process.arch}`
  for (const suffix of ['', '-musl']) {
    const folder = join(
      ROOT,
      'node_modules',
      '@anthropic-ai',
      `claude-agent-sdk-${platform}${suffix}`,
    )
    const path = join(folder, process.platform === 'win32' ? 'claude.exe' : 'claude')
    if (existsSync(path)) return path
  }
  throw new Error(`Cannot find Claude Code for ${platform}: run "bun install" first`)
}

/** Runs the real Claude Code on loopback, with a dummy key, a fresh HOME and nothing else. */
export async function runClaude(options: ClaudeOptions): Promise<ClaudeOutcome> {
  const home = tempDir()
  const env = cleanEnv(home.path, {
    ANTHROPIC_BASE_URL: options.baseUrl,
    ANTHROPIC_API_KEY: options.apiKey,
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    ...options.env,
  })
  const child = Bun.spawn([claudePath(), '-p', options.prompt, ...(options.args ?? [])], {
    cwd: home.path,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const outcome = await outcomeOf(child, options.timeout ?? 45_000)
  const file = async (path: string): Promise<string | undefined> => {
    const found = Bun.file(join(home.path, path))
    return (await found.exists()) ? found.text() : undefined
  }
  return { ...outcome, file, remove: () => home.remove() }
}
