import type { Command } from '../command.ts'

/** `ccproxy version`. */
export const version: Command = {
  name: 'version',
  summary: 'Show version and commit',
  examples: ['ccproxy version', 'ccproxy version --json'],
  flags: [{ name: 'json', description: 'Print JSON' }],
  async run(context, input) {
    const { version, commit, stdout } = context
    const json = input.switches.has('json')
    stdout.write(json ? `${JSON.stringify({ version, commit })}\n` : versionLine(context))
    return 0
  },
}

/** `ccproxy 0.1.0 (abc1234)`, as `--version` prints it too. */
export function versionLine(context: { readonly version: string; readonly commit: string }) {
  return `ccproxy ${context.version} (${context.commit})\n`
}
