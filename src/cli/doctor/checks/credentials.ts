import { statSync } from 'node:fs'
import { expiryInWords } from '../../../auth/expiry.ts'
import type { TokenState } from '../../../auth/token-source.ts'
import { ConfigError } from '../../../config/diagnose.ts'
import { isLoopback } from '../../../config/loopback.ts'
import { credentialsPath, shownPath } from '../../../config/paths.ts'
import type { ProviderSettings } from '../../../config/schema.ts'
import { loginsFor } from '../../auth/logins-for.ts'
import { type CheckGroup, type Finding, fail, fine, warn } from '../check.ts'
import { type DoctorWorld, isDemo, type Usable } from '../doctor-world.ts'

const OTHERS = 0o077

/** What goes up as whom. */
export const CREDENTIALS: CheckGroup = {
  title: 'Credentials',
  checks: [
    { name: 'api-key', cheap: true, run: async (world) => apiKeys(world) },
    { name: 'plan-login', cheap: true, run: planLogin },
    { name: 'credential', cheap: false, run: credential },
  ],
}

function apiKeys({ settings }: DoctorWorld): Finding[] {
  if (settings instanceof ConfigError) return []
  const { providers } = settings.settings
  return Object.entries(providers).flatMap(([name, provider]) => {
    const key = provider.api_key?.reveal()
    if (key === undefined) return []
    const from = settings.sources.get(`providers.${name}.api_key`) ?? 'the settings'
    const problem = problemOf(key, provider)
    if (problem === undefined) return fine(`Provider "${name}" has an API key (${from})`)
    return fail(`The API key of provider "${name}" ${problem}`, `correct it in ${from}`)
  })
}

/** What is wrong with a key by its looks; undefined where nothing is. */
function problemOf(key: string, { kind, base_url: url }: ProviderSettings): string | undefined {
  if (/\s/.test(key)) return 'has a space or a line break in it'
  if (/^["'].*["']$/.test(key)) return 'has quotes around it'
  if (/^(<.*>|your[-_ ]|changeme|xxx|\.\.\.|sk-ant-(\.\.\.|x+$|your))/i.test(key)) {
    return 'is a placeholder'
  }
  const anthropics = kind === 'anthropic' && (url === undefined || isAnthropics(url))
  if (anthropics && !key.startsWith('sk-ant-')) return 'does not begin with "sk-ant-"'
  if (/^sk-ant-o[ar]t/.test(key)) return 'is the token of a plan login (use "ccproxy auth login")'
  if (/^sk-ant-admin/.test(key)) return 'is an admin key, which sends no messages'
  if (!anthropics && kind === 'openai' && key.startsWith('sk-ant-') && !isAnthropics(url ?? '')) {
    return "is one of Anthropic's, and the upstream is not"
  }
  return undefined
}

function isAnthropics(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return hostname === 'anthropic.com' || hostname.endsWith('.anthropic.com')
}

async function planLogin(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { settings } = world.settings
  const { sources } = loginsFor(world.context, settings)
  const states = await Promise.all(sources.map((source) => source.state()))
  const present = states.filter((state) => state.kind !== 'absent')
  const [first] = present
  if (first === undefined) return []
  const open = isLoopback(settings.server.host)
    ? []
    : warn(
        'The plan login is refused, for ccproxy listens beyond this machine',
        'set server.host to 127.0.0.1, or use an API key',
      )
  return [...stateOf(first, world.now()), ...open, ...fileMode(world)]
}

function stateOf(state: TokenState, now: number): Finding[] {
  switch (state.kind) {
    case 'absent':
      return []
    case 'not-accepted':
      return warn(`The plan login in ${state.source} is not used yet`, 'ccproxy auth accept-terms')
    case 'unusable':
      return fail(`The plan login cannot be used: ${state.reason}`, 'ccproxy auth login')
    case 'ready': {
      const { expiresAt } = state
      if (expiresAt === undefined) return fine('The plan login does not expire')
      if (expiresAt > now) return fine(`The plan login ${expiryInWords(expiresAt - now)}`)
      return warn('The plan login has expired; its next use refreshes it', 'ccproxy auth refresh')
    }
  }
}

function fileMode({ context }: DoctorWorld): Finding[] {
  if (process.platform === 'win32') return []
  const path = credentialsPath(context.env, context.home)
  const bits = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  if ((bits & OTHERS) === 0) return []
  const shown = shownPath(path, context.cwd, context.home)
  return warn(`${shown} holds your plan login and others may read it`, `chmod 600 ${path}`)
}

/** Whether the provider that serves by default has what goes up. */
async function credential(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { settings } = world.settings
  const name = settings.routing.default
  const provider = settings.providers[name]
  if (provider === undefined) return []
  const { kind, credential: wanted } = provider
  if (kind === 'demo') return fine(`Provider "${name}" answers by itself (demo)`)
  if (await isDemo(world)) return fine('The demo that answers needs no credential')
  if (kind !== 'anthropic') return []
  const ready = await hasLogin(world, world.settings)
  // A key or helper that is asked for and missing is found with the settings themselves.
  if (wanted === 'oauth' && !ready) {
    return fail(`Provider "${name}" is to use a plan login and there is none`, 'ccproxy auth login')
  }
  const own = provider.api_key !== undefined || provider.api_key_helper !== undefined || ready
  if (wanted !== 'auto' || own) return []
  const text = `ccproxy has no credential for "${name}": only clients that bring one are served`
  return warn(text, 'set ANTHROPIC_API_KEY, or read and run "ccproxy auth login"')
}

async function hasLogin({ context }: DoctorWorld, { settings }: Usable): Promise<boolean> {
  const { sources } = loginsFor(context, settings)
  const states = await Promise.all(sources.map((source) => source.state()))
  return states.some(({ kind }) => kind === 'ready')
}
