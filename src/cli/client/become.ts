import { errorCode, ProxyError } from '../../kit/error.ts'
import type { CommandContext } from '../command.ts'

/** Counts how often ccproxy started a program that started ccproxy. */
const DEPTH = 'CCPROXY_DEPTH'
const DEEPEST = 6

/** Numbers of the signals that may end a child where this process must stay beside it. */
const SIGNAL_CODE = 128
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** The depth variable for a child; throws where a program that ccproxy starts seems to start ccproxy without end. */
export function deeper(env: CommandContext['env'], program: string): Record<string, string> {
  const depth = Number(env[DEPTH] ?? 0) || 0
  if (depth < DEEPEST) return { [DEPTH]: String(depth + 1) }
  throw new ProxyError(
    'internal',
    `"${program}" seems to start ccproxy again and again: name the real program by its full path, for Claude Code in sdk.cli_path (unset ${DEPTH} if you meant ${DEEPEST} of them in each other)`,
  )
}

/**
 * Becomes a program where the system can do that: its process is then this one, so that its exit code, every signal
 * and the terminal need no help. Elsewhere it runs as a child. Gives an exit code as a shell does.
 */
export async function become(
  context: CommandContext,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  try {
    context.replaceProcess?.(file, args, env)
  } catch (error) {
    const code = errorCode(error)
    // A script without its first line, which a shell would run all the same.
    if (code === 'ENOEXEC') context.replaceProcess?.('/bin/sh', [file, ...args], env)
    return refuse(context, file, code)
  }
  return runBeside(context, file, args, env)
}

async function runBeside(
  context: CommandContext,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  // Windows starts a batch file through its shell only.
  const batch = /\.(cmd|bat)$/i.test(file)
  const [program, ...before] = /\.c?js$/i.test(file) ? ['node', file] : [batch ? `"${file}"` : file]
  const child = spawn(program, [...before, ...args], { stdio: 'inherit', env, shell: batch })
  // Ctrl-C reaches both: the child decides what it means.
  const stop = context.onSignal((signal) => {
    if (signal !== 'SIGINT') child.kill(signal)
  })
  try {
    return await new Promise((resolve) => {
      child.on('error', (error) => resolve(refuse(context, file, errorCode(error))))
      child.on('exit', (code, signal) => resolve(code ?? SIGNAL_CODE + signalNumber(signal)))
    })
  } finally {
    stop()
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  const { constants } = process.getBuiltinModule('node:os')
  return signal === null ? 0 : constants.signals[signal]
}

function refuse(context: CommandContext, file: string, code: unknown): number {
  const missing = code === 'ENOENT'
  const why = missing ? 'it, or what its first line names, is not there' : String(code)
  context.stderr.write(`Error: Cannot start "${file}": ${why}\n`)
  return missing ? NOT_FOUND : NOT_EXECUTABLE
}
