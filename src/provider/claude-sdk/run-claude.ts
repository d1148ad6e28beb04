import { extname } from 'node:path'
import { type RunResult, runToEnd } from '../../kit/run-to-end.ts'
import type { Environment } from './install-places.ts'

/** Runs Claude Code with arguments that make it answer and end. */
export type RunClaude = (args: readonly string[], timeoutMs: number) => Promise<RunResult>

/** What a run needs. */
export interface RunPlaces {
  readonly path: string
  readonly env: Environment
  readonly cwd: string
}

const SCRIPTS = new Set(['.js', '.mjs', '.cjs'])

/** The command that starts an executable: scripts of old installs need Node.js. */
export function commandOf(path: string): [string, ...string[]] {
  return SCRIPTS.has(extname(path)) ? ['node', path] : [path]
}

/** A `RunClaude` on this machine. */
export function runnerOf({ path, env, cwd }: RunPlaces): RunClaude {
  return (args, timeoutMs) =>
    runToEnd([...commandOf(path), ...args], { env, cwd, timeoutMs, stderr: true })
}
