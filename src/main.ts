#!/usr/bin/env bun
import { version } from '../package.json' with { type: 'json' }
import type { CommandContext, EndSignal, Input, Output } from './cli/command.ts'
import { run, wantsStack } from './cli/run.ts'
import { errorCode, messageOf } from './kit/error.ts'

declare const CCPROXY_VERSION: string | undefined
declare const CCPROXY_COMMIT: string | undefined

/** The variable that lifts Bun's limit of 256 fetches at once; read by Bun at process start only. */
const REQUEST_LIMIT = 'BUN_CONFIG_MAX_HTTP_REQUESTS'

/**
 * How Bun runs best for a proxy; all of it is read at process start only (2026-11, Bun 1.4.5). Optimising the last bit
 * of code that runs a few thousand times costs more than it ever gains, and memory given back at once is soon asked
 * for again: together a quarter of the CPU of a request.
 */
const TUNING: Readonly<Record<string, string>> = {
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: '1000000',
  BUN_JSC_thresholdForFTLOptimizeSoon: '20000',
  MIMALLOC_PURGE_DELAY: '100',
}

type Environment = CommandContext['env']

const args = process.argv.slice(2)
const detailed = wantsStack(args, process.env)

/**
 * Writes without `process.stdout`, whose stream takes 9 ms to load (Bun 1.4.5, 2026-11), and
 * synchronously, so that nothing is left unwritten at the exit. `node:fs` takes 1 ms, which a process that only
 * restarts itself does not need.
 */
function output(descriptor: 1 | 2): Output {
  let gone = false
  return {
    get isGone() {
      return gone
    },
    get isTerminal() {
      // Cheap for files and pipes; only a device needs the module.
      if (!process.getBuiltinModule('node:fs').fstatSync(descriptor).isCharacterDevice())
        return false
      return process.getBuiltinModule('node:tty').isatty(descriptor)
    },
    get columns() {
      return this.isTerminal ? process[descriptor === 1 ? 'stdout' : 'stderr'].columns : undefined
    },
    write(text) {
      const { writeSync } = process.getBuiltinModule('node:fs')
      const bytes = new TextEncoder().encode(text)
      for (let sent = 0; sent < bytes.length && !gone; ) {
        try {
          sent += writeSync(descriptor, bytes, sent)
        } catch (error) {
          const code = errorCode(error)
          // A full pipe has a slow reader; any other error means that nobody reads any more.
          if (code === 'EAGAIN') Bun.sleepSync(1)
          else gone = true
          if (descriptor === 1 && gone && code !== 'EPIPE') lost = code ?? messageOf(error)
        }
      }
    },
  }
}

/** Why some of what was to be printed did not arrive, where its reader did not just leave. */
let lost: string | undefined

const stdout = output(1)
const stderr = output(2)

/** Ctrl-C as a terminal in raw mode gives it. */
const INTERRUPT = 3

/** Lines of stdin; nothing is read before somebody asks. */
function input(): Input {
  let lines: AsyncIterator<string> | undefined
  return {
    get isTerminal() {
      return process.getBuiltinModule('node:tty').isatty(0)
    },
    async readLine() {
      const { createInterface } = process.getBuiltinModule('node:readline')
      lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]()
      const { value, done } = await lines.next()
      return done === true ? undefined : value
    },
    onKey(listener) {
      const { stdin } = process
      // What comes in one piece was pasted, or is an arrow key: no answer.
      const take = (data: Buffer) => {
        if (data.includes(INTERRUPT)) listener('\x03')
        else if (data.length === 1) listener(data.toString('latin1'))
      }
      stdin.setRawMode(true)
      stdin.on('data', take)
      return () => {
        stdin.off('data', take)
        stdin.setRawMode(false)
        stdin.pause()
      }
    },
  }
}

/** One line on what went wrong; the stack only where the log level asks for it. */
function complain(what: string, error: unknown): void {
  const message = messageOf(error)
  const stack = detailed && error instanceof Error ? error.stack : undefined
  if (stderr.isTerminal) {
    stderr.write(`${what}: ${message}\n${stack === undefined ? '' : `${stack}\n`}`)
    return
  }
  const time = new Date().toISOString()
  stderr.write(
    `${JSON.stringify({ time, level: 'error', message: `${what}: ${message}`, stack })}\n`,
  )
}

/** The command line that starts ccproxy again, before its arguments. */
function ownCommand(): [file: string, ...before: string[]] {
  const script = process.argv[1]
  const compiled = Bun.main.includes('$bunfs') || Bun.main.includes('~BUN')
  if (compiled || script === undefined) return [process.execPath]
  return [process.execPath, ...process.execArgv, script]
}

/**
 * Becomes another program: the process id, the terminal and everybody's signals are then that program's. Returns where
 * the system has no such thing, throws where the program cannot be started.
 */
function replaceProcess(file: string, given: readonly string[], env: Environment): void {
  // Bun ignores these two, which would outlive it; a signal that has a handler starts afresh (Bun 1.4.5, 2026-11).
  for (const name of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(name, () => undefined)
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) plain[name] = value
  process.execve?.(file, [file, ...given], plain)
}

/**
 * Replaces this process by itself with the fetch limit lifted. The variable is then present, so
 * this happens once; argv, every other variable and the process id stay.
 */
function prepareToServe(): void {
  if (process.env[REQUEST_LIMIT]) return
  const env: Record<string, string> = { ...TUNING, [REQUEST_LIMIT]: '65535' }
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && name !== REQUEST_LIMIT) env[name] = value
  }
  const [file, ...before] = ownCommand()
  try {
    process.execve?.(file, [file, ...before, ...args], env)
  } catch (error) {
    if (detailed) complain('Cannot restart with a higher fetch limit', error)
  }
  if (detailed) stderr.write(`At most 256 upstream requests at once: set ${REQUEST_LIMIT}=65535\n`)
}

function onSignal(listener: (signal: EndSignal) => void): () => void {
  const interrupt = () => listener('SIGINT')
  const terminate = () => listener('SIGTERM')
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', terminate)
  return () => {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', terminate)
  }
}

process.on('unhandledRejection', (reason) => complain('Unhandled rejection', reason))
process.on('uncaughtException', (error) => {
  complain('Crashed', error)
  process.exit(1)
})

// Meant for this process, not for those that it starts.
for (const [name, value] of Object.entries(TUNING)) {
  if (process.env[name] === value) delete process.env[name]
}

const context: CommandContext = {
  env: process.env,
  cwd: process.cwd(),
  home:
    process.env.HOME ?? process.env.USERPROFILE ?? process.getBuiltinModule('node:os').homedir(),
  version: typeof CCPROXY_VERSION === 'string' ? CCPROXY_VERSION : version,
  commit: typeof CCPROXY_COMMIT === 'string' ? CCPROXY_COMMIT : 'dev',
  stdout,
  stderr,
  stdin: input(),
  onSignal,
  prepareToServe,
  ownCommand: ownCommand(),
  ...(process.platform === 'win32' ? {} : { replaceProcess }),
}

const exitCode = await run(args, context)
if (lost !== undefined) stderr.write(`Error: Cannot write the output: ${lost}\n`)
process.exit(exitCode === 0 && lost !== undefined ? 1 : exitCode)
