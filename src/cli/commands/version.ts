import { plainLine } from '../../kit/plain-text.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { withSpinner } from '../spinner.ts'

/** `ccproxy version`. */
export const version: Command = {
  name: 'version',
  summary: 'Show version and commit; with --check whether there is a newer one',
  examples: [
    'ccproxy version',
    'ccproxy version --json',
    'ccproxy version --check --releases-url https://git.example/api/releases/latest',
  ],
  flags: [
    { name: 'check', description: 'Ask for the newest release; nothing is ever asked otherwise' },
    {
      name: 'releases-url',
      value: 'URL',
      description: 'Where releases are told; without it CCPROXY_RELEASES_URL',
    },
    JSON_FLAG,
  ],
  async run(context, input) {
    const { version, commit, stdout } = context
    const json = input.switches.has('json')
    if (!input.switches.has('check')) {
      if (input.flags['releases-url'] !== undefined) {
        throw new UsageError('Flag "--releases-url" needs "--check" beside it')
      }
      stdout.write(json ? `${JSON.stringify({ version, commit })}\n` : versionLine(context))
      return 0
    }
    const latest = await ask(context, input)
    const newer = Bun.semver.order(latest.version, version) > 0
    if (json) {
      const facts = { version, commit, latest: latest.version, newer, url: latest.url ?? null }
      stdout.write(`${JSON.stringify(facts)}\n`)
      return 0
    }
    const where = latest.url === undefined ? '' : `: ${latest.url}`
    const news = newer ? `ccproxy ${latest.version} is out${where}` : 'There is no newer one'
    stdout.write(`${versionLine(context)}${plainLine(news, 500)}\n`)
    return 0
  },
}

async function ask(context: CommandContext, input: CommandInput) {
  const url = input.flags['releases-url'] ?? context.env.CCPROXY_RELEASES_URL
  if (!url || !URL.canParse(url)) {
    const what = url ? `"${url}" is no URL` : 'No address of releases is set'
    throw new UsageError(`${what}: give --releases-url, or set CCPROXY_RELEASES_URL`)
  }
  const { newestRelease } = await import('../newest-release.ts')
  const asking = newestRelease(url, context.version)
  const { stderr } = context
  return stderr.isTerminal ? withSpinner(stderr, () => 'Asking for releases', asking) : asking
}

/** `ccproxy 0.1.0 (abc1234)`, as `--version` prints it too. */
export function versionLine(context: { readonly version: string; readonly commit: string }) {
  return `ccproxy ${context.version} (${context.commit})\n`
}
