import { createInterface } from 'node:readline'
import type { CommandContext, Output } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'
import { fakeOptions } from './fake-oauth.ts'

/**
 * ccproxy's command line with Anthropic's sign-in replaced: `bun … FAKE_BASE HOME ARGS…`. The page is
 * printed to be opened by the test; all else is as in the real process, the terminal included.
 */
const [base = '', home = '', ...args] = process.argv.slice(2)
const output = (stream: NodeJS.WriteStream): Output => ({
  isTerminal: stream.isTTY === true,
  write: (text) => void stream.write(text),
})
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const context: CommandContext = {
  env: { NO_COLOR: '1', DISPLAY: ':0' },
  cwd: home,
  home,
  version: '1.2.3',
  commit: 'test',
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  stdin: {
    isTerminal: process.stdin.isTTY === true,
    readLine: async () => {
      const { value, done } = await lines.next()
      return done === true ? undefined : value
    },
  },
  onSignal: (listener) => {
    const interrupt = () => listener('SIGINT')
    process.on('SIGINT', interrupt)
    return () => process.off('SIGINT', interrupt)
  },
  oauth: fakeOptions(base),
  openPage: () => Promise.resolve(true),
}
process.exit(await run(args, context))
