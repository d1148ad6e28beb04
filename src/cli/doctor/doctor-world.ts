import { statfs } from 'node:fs/promises'
import { ConfigError } from '../../config/diagnose.ts'
import { type Loaded, loadSettings } from '../../config/load.ts'
import { askProxy, type ProxyReply } from '../client/ask-proxy.ts'
import type { CommandContext, CommandInput } from '../command.ts'
import { keyOf, urlOf } from '../proxy-address.ts'
import { type ClaudeScope, claudeScopes } from './claude-scopes.ts'
import { type UpstreamAnswer, upstreamAnswers } from './upstream-answer.ts'

/** The settings where they can be used, with what follows from them. */
export interface Usable extends Loaded {
  /** Where ccproxy listens; undefined where any free port will do. */
  readonly url: string | undefined
  readonly key: string | undefined
}

/** What checks look at; what costs something is looked up once, when it is first asked for. */
export interface DoctorWorld {
  readonly context: CommandContext
  readonly settings: Usable | ConfigError
  /** Its `/health/live`; undefined where no port is known. */
  readonly proxy: () => Promise<ProxyReply | undefined>
  /** What it serves by its `/status`; undefined where none answers. */
  readonly status: () => Promise<ProxyReply | undefined>
  readonly upstreams: () => Promise<readonly UpstreamAnswer[]>
  readonly scopes: () => Promise<readonly ClaudeScope[]>
  readonly now: () => number
  /** Bytes that are free for this user where a folder is. */
  readonly freeBytes: (folder: string) => Promise<number>
}

/** What stands in for the machine in tests. */
export interface DoctorStandIns {
  readonly managedFolder?: string
  readonly now?: () => number
  readonly freeBytes?: (folder: string) => Promise<number>
}

const PROBE_MS = 2000
/** It asks its upstream for three seconds at most. */
const STATUS_MS = 4000

/** Loads the settings and prepares the rest. */
export async function doctorWorld(
  context: CommandContext,
  input: CommandInput,
  standIns: DoctorStandIns = {},
): Promise<DoctorWorld> {
  const settings = await usable(context, input)
  const broken = settings instanceof ConfigError
  const url = broken ? undefined : settings.url
  const { now = Date.now, freeBytes = freeBytesOf } = standIns
  const proxy = once(async () =>
    url === undefined ? undefined : askProxy(url, '/health/live', undefined, PROBE_MS),
  )
  return {
    ...{ context, settings, now, freeBytes, proxy },
    status: once(async () => {
      if (broken || url === undefined || (await proxy())?.status !== 200) return undefined
      return askProxy(url, '/status', settings.key, STATUS_MS)
    }),
    upstreams: once(async () => (broken ? [] : upstreamAnswers(settings))),
    scopes: once(() => claudeScopes(context, standIns.managedFolder)),
  }
}

/** Whether the one that answers is a demo, which these settings are not: `ccproxy demo --serve`. */
export async function isDemo({ settings, status }: DoctorWorld): Promise<boolean> {
  if (settings instanceof ConfigError) return false
  const { providers, routing } = settings.settings
  return providers[routing.default]?.kind !== 'demo' && (await status())?.json.kind === 'demo'
}

/** The world of a server that runs: what it serves with is known. */
export function servingWorld(context: CommandContext, loaded: Loaded, url: string): DoctorWorld {
  return {
    context,
    settings: { ...loaded, url, key: keyOf(loaded.settings) },
    proxy: async () => undefined,
    status: async () => undefined,
    upstreams: async () => [],
    scopes: once(() => claudeScopes(context)),
    now: Date.now,
    freeBytes: freeBytesOf,
  }
}

async function usable({ env, cwd, home }: CommandContext, { flags }: CommandInput) {
  try {
    const loaded = await loadSettings({ env, cwd, home, flags })
    const { settings } = loaded
    const url = settings.server.port === 0 ? undefined : urlOf(settings, '')
    return { ...loaded, url, key: keyOf(settings) }
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
