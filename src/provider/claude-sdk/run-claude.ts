import { extname } from 'node:path'
import { messageOf } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { Environment } from './install-places.ts'

/** How a short run of Claude Code ended. */
export type RunResult =
  | {
      readonly kind: 'done'
      readonly exitCode: number | undefined
      readonly signal: string | undefined
      readonly stdout: string
      readonly stderr: string
    }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'not-started'; readonly code: string }

/** Runs Claude Code with arguments that make it answer and end. */
export type RunClaude = (args: readonly string[], timeoutMs: number) => Promise<RunResult>

/** What a run needs. */
export interface RunPlaces {
  readonly path: string
  readonly env: Environment
  readonly cwd: string
}

/** More than any answer: what prints without end is cut here. */
const MAX_BYTES = 64 * 1024
const SCRIPTS = new Set(['.js', '.mjs', '.cjs'])

/** The command that starts an executable: scripts of old installs need Node.js. */
export function commandOf(path: string): [string, ...string[]] {
  return SCRIPTS.has(extname(path)) ? ['node', path] : [path]
}

/** A `RunClaude` on this machine; past its time the run ends with all that it started. */
export function runnerOf(places: RunPlaces): RunClaude {
  return (args, timeoutMs) =>
    new Promise((done) => {
      const refused = (error: unknown) => done({ kind: 'not-started', code: codeOf(error) })
      try {
        const child = start(places, args)
        const timer = setTimeout(() => {
          killGroup(child.pid)
          done({ kind: 'timeout' })
        }, timeoutMs)
        const stdout = collect(child.stdout)
        const stderr = collect(child.stderr)
        child.on('error', (error) => {
          clearTimeout(timer)
          refused(error)
        })
        child.on('close', (exitCode, signal) => {
          clearTimeout(timer)
          done({
            kind: 'done',
            exitCode: exitCode ?? undefined,
            signal: signal ?? undefined,
            stdout: stdout(),
            stderr: stderr(),
          })
        })
      } catch (error) {
        // A file that is no program Bun refuses at once.
        refused(error)
      }
    })
}

function start({ path, env, cwd }: RunPlaces, args: readonly string[]) {
  const [file, ...before] = commandOf(path)
  const { spawn } = process.getBuiltinModule('node:child_process')
  return spawn(file, [...before, ...args], {
    env: { ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32', // A group of its own, so that its children end with it.
    windowsHide: true,
  })
}

function codeOf(error: unknown): string {
  return isRecord(error) && typeof error.code === 'string' ? error.code : messageOf(error)
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, MAX_BYTES - size)
    chunks.push(kept)
    size += kept.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH'
    if (!gone) throw error // Gone already is what we wanted.
  }
}
