import { open, stat } from 'node:fs/promises'
import type { RunResult } from '../../kit/run-to-end.ts'
import { excerpt } from './redact.ts'
import type { RunClaude } from './run-claude.ts'

/** What `claude --version` said, or why it said nothing. */
export type VersionResult =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'failed'; readonly reason: string }

const VERSION_TIMEOUT_MS = 10_000

/** Asks an executable for its version; remembered until the file changes, but for failures. */
export class ClaudeVersions {
  readonly #known = new Map<string, { readonly file: string; readonly version: string }>()
  readonly #asked = new Map<string, Promise<VersionResult>>()

  /** The version of the executable at `path`, which `run` starts. */
  async read(path: string, run: RunClaude): Promise<VersionResult> {
    const file = await fingerprint(path)
    const known = this.#known.get(path)
    if (known !== undefined && known.file === file)
      return { kind: 'version', version: known.version }
    const asked = this.#asked.get(path)
    if (asked !== undefined) return asked
    const asking = ask(path, run).then((result) => {
      this.#asked.delete(path)
      if (result.kind === 'version' && file !== undefined) {
        this.#known.set(path, { file, version: result.version })
      }
      return result
    })
    this.#asked.set(path, asking)
    return asking
  }
}

async function fingerprint(path: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    // Not on this machine, as inside a container's image: nothing tells when it changes.
    return undefined
  }
}

async function ask(path: string, run: RunClaude): Promise<VersionResult> {
  const result = await run(['--version'], VERSION_TIMEOUT_MS)
  if (result.kind === 'done' && result.exitCode === 0) {
    const version = /\d+\.\d+\.\d+[0-9A-Za-z.+-]*/.exec(result.stdout)?.[0]
    if (version !== undefined) return { kind: 'version', version }
    const said = excerpt(result.stdout, 'first')
    return { kind: 'failed', reason: `its answer to --version has no version: "${said}"` }
  }
  return { kind: 'failed', reason: await whyFailed(path, result, VERSION_TIMEOUT_MS) }
}

/** Why a run of an executable failed, as words that follow a colon. */
async function whyFailed(path: string, run: RunResult, timeoutMs: number): Promise<string> {
  if (run.kind === 'timeout') return `it gave no answer within ${timeoutMs / 1000} seconds`
  if (run.kind === 'not-started') return whyNotStarted(path, run.code)
  const how =
    run.signal === undefined ? `it ended with exit code ${run.exitCode}` : `${run.signal} ended it`
  const said = excerpt(run.stderr === '' ? run.stdout : run.stderr, 'first')
  return said === '' ? how : `${how}: ${said}`
}

/** Why the system would not start a file, from the code of its refusal. */
async function whyNotStarted(path: string, code: string): Promise<string> {
  if (code === 'EACCES') return 'it is not executable'
  if (code === 'ETXTBSY') return 'it is being written just now'
  if (code === 'ENOEXEC' || code === 'EBADARCH') return 'it is no program for this machine'
  if (code !== 'ENOENT') return `the system refuses to start it (${code})`
  const head = await headOrNothing(path)
  if (head === undefined) return 'there is no such file'
  const interpreter = /^#!\s*(\S+)/.exec(head)?.[1]
  if (interpreter !== undefined) return `its interpreter "${interpreter}" is missing`
  const loader = /\/lib\S*\/ld-[\w.-]+/.exec(head)?.[0]
  if (loader === undefined) return 'the system does not find what it needs to run'
  const library = loader.includes('musl') ? 'musl' : 'glibc'
  return `it is built for ${library}, whose loader "${loader}" this machine lacks; install the build for this machine's C library`
}

const HEAD_BYTES = 4096

/** The first bytes of a file, where a script names its interpreter and a program its loader. */
async function headOrNothing(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch {
    // The reason is the answer: it is not there.
    return undefined
  }
}
