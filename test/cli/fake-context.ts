import type { CommandContext, EndSignal } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'

/** A world for commands in which nothing of this machine shows. */
export function fakeContext(options: Partial<CommandContext> & { terminal?: boolean } = {}) {
  const { terminal = false, ...rest } = options
  const out: string[] = []
  const errors: string[] = []
  const listeners = new Set<(signal: EndSignal) => void>()
  const context: CommandContext = {
    env: {},
    cwd: '/nowhere/project',
    home: '/nowhere/home',
    version: '1.2.3',
    commit: 'abc1234',
    stdout: { isTerminal: terminal, write: (text) => void out.push(text) },
    stderr: { isTerminal: terminal, write: (text) => void errors.push(text) },
    onSignal: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    ...rest,
  }
  return {
    context,
    listeners,
    signal: (signal: EndSignal) => {
      for (const listener of listeners) listener(signal)
    },
    stdout: () => out.join(''),
    stderr: () => errors.join(''),
    run: (...args: string[]) => run(args, context),
  }
}
