import { dirname } from 'node:path'
import { ConfigError } from '../../../config/diagnose.ts'
import { dataFolder, userConfigPath } from '../../../config/paths.ts'
import { messageOf } from '../../../kit/error.ts'
import { claudeLogin, SIGN_IN } from '../../../provider/claude-sdk/claude-login.ts'
import { ClaudeVersions } from '../../../provider/claude-sdk/claude-version.ts'
import { ClaudeFinder, type FoundClaude } from '../../../provider/claude-sdk/find-claude.ts'
import { checkIsolation } from '../../../provider/claude-sdk/isolation-check.ts'
import { isolationOf } from '../../../provider/claude-sdk/isolation-settings.ts'
import { runnerOf } from '../../../provider/claude-sdk/run-claude.ts'
import { notInstalled } from '../../../provider/claude-sdk/sdk-failure.ts'
import { type CheckGroup, type Finding, fail, fine, warn } from '../check.ts'
import { baseUrl } from '../claude-base-url.ts'
import { detours, keyHelper } from '../claude-detours.ts'
import { modelLabel } from '../claude-model.ts'
import { loopbackProxies, token } from '../claude-token.ts'
import type { DoctorWorld } from '../doctor-world.ts'

/** The first version that `ccproxy code` and SDK mode are made for. */
const OLDEST = '2.1.41'

/** Claude Code: whether it is there, and whether its settings lead here. */
export const CLAUDE: CheckGroup = {
  title: 'Claude Code',
  checks: [
    { name: 'claude', cheap: false, run: claude },
    { name: 'isolation', cheap: false, run: isolation },
    { name: 'claude-settings', cheap: true, run: unreadable },
    { name: 'base-url', cheap: true, run: baseUrl },
    { name: 'cloud', cheap: true, run: detours },
    { name: 'key-helper', cheap: true, run: keyHelper },
    { name: 'token', cheap: true, run: token },
    { name: 'loopback-proxy', cheap: true, run: loopbackProxies },
    { name: 'model', cheap: true, run: modelLabel },
  ],
}

async function claude(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { settings } = world.settings
  const { env, home, cwd } = world.context
  const needed = settings.providers[settings.routing.default]?.kind === 'claude-sdk'
  const found = await find(world, settings.sdk.cli_path)
  if (typeof found === 'string') {
    const [problem = '', fix = 'install it'] = found.split(/(?:: |; )(?=install|correct)/)
    const text = `${problem}: "ccproxy code" and /sdk do not work`
    return needed || settings.sdk.cli_path !== undefined ? fail(text, fix) : warn(text, fix)
  }
  const run = runnerOf({ path: found.path, env, cwd })
  const answer = await new ClaudeVersions().read(found.path, run)
  if (answer.kind === 'failed') {
    return fail(
      `Claude Code (${found.realPath}) does not work: ${answer.reason}`,
      'install it again',
    )
  }
  const { version } = answer
  const words = `Claude Code ${version} (${found.realPath})`
  if (Bun.semver.order(version, OLDEST) < 0) {
    return warn(`${words} is older than ${OLDEST}`, 'claude update')
  }
  const { platform } = process
  const places = { env, home, cwd, platform, sources: ['user', 'project', 'local'] as const }
  const login = await claudeLogin(places, { version, run })
  if (login.state === 'expired' || (needed && login.state === 'signed_out')) {
    return [...fine(words), ...warn(`Claude Code's own login: ${login.how}`, login.fix ?? SIGN_IN)]
  }
  return fine(`${words}: ${login.how}`)
}

/** Whether Claude Code can run in what the settings keep it in. */
async function isolation({ settings, context }: DoctorWorld): Promise<Finding[]> {
  if (settings instanceof ConfigError) return []
  const { sdk } = settings.settings
  if (sdk.isolation === 'none') return []
  const { env, home } = context
  const configDir = dirname(userConfigPath(env, home))
  const options = isolationOf({ settings: sdk, dataDir: dataFolder(env, home), configDir })
  const problem = await checkIsolation(options, { ...definedOf(env), ...sdk.env })
  if (problem === undefined) return fine(`Claude Code can run in ${sdk.isolation} (sdk.isolation)`)
  const [text = '', ...fix] = problem.message.split('; ')
  return fail(`${text}: /sdk does not work`, fix.join('; ') || 'correct the [sdk] settings')
}

function definedOf(env: DoctorWorld['context']['env']): Record<string, string> {
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) defined[name] = value
  return defined
}

async function find(
  world: DoctorWorld,
  cliPath: string | undefined,
): Promise<FoundClaude | string> {
  const { env, home } = world.context
  const { platform, execPath: self } = process
  try {
    const found = await new ClaudeFinder({ cliPath, env, home, platform, self }).find()
    return found ?? notInstalled().message
  } catch (error) {
    return messageOf(error)
  }
}

async function unreadable(world: DoctorWorld): Promise<Finding[]> {
  const scopes = await world.scopes()
  const { CLAUDE_CONFIG_DIR: folder } = world.context.env
  const named = folder ? `; CLAUDE_CONFIG_DIR is ${folder}` : ''
  const read = scopes.filter(({ name, problem }) => name !== 'shell' && problem === undefined)
  const broken = scopes.filter(({ problem }) => problem !== undefined)
  return [
    ...fine(
      `Settings read: ${['the shell', ...read.map(({ where }) => where)].join(', ')}${named}`,
    ),
    ...broken.flatMap(({ where, problem }) =>
      fail(`Claude Code cannot use ${where}: ${problem}`, `correct or remove ${where}`),
    ),
  ]
}
