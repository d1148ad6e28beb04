import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The repository's root. */
export const ROOT = join(import.meta.dir, '..', '..')

/** A fresh directory that is removed again. */
export interface TempDir {
  readonly path: string
  remove(): void
}

/** Makes a fresh directory. */
export function tempDir(): TempDir {
  const path = mkdtempSync(join(tmpdir(), 'ccproxy-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** An environment from nothing: PATH, a fresh HOME and what is given, so that no real setting leaks in. */
export function cleanEnv(home: string, extra: Readonly<Record<string, string>>) {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: home,
    TMPDIR: home,
    NO_COLOR: '1',
    ...extra,
  }
}

/** Reads a stream line by line until it ends. */
export async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
  if (rest !== '') take(rest)
}

/** What a process that is not meant to stay up left behind. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Waits for a process to end; past its time it is killed. */
export async function outcomeOf(
  child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>,
  timeoutMs: number,
  kill = () => child.kill('SIGKILL'),
): Promise<Outcome> {
  const timer = setTimeout(kill, timeoutMs)
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  clearTimeout(timer)
  return { code, stdout, stderr }
}
