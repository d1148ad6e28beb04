import type {
  McpSdkServerConfigWithInstance,
  McpServerConfig,
  Options,
  Query,
  SDKUserMessage,
  Settings,
  SpawnOptions,
} from '@anthropic-ai/claude-agent-sdk'
import { ProxyError } from '../../kit/error.ts'
import { inTime } from '../../kit/in-time.ts'
import { CallerTools } from './caller-tools.ts'
import type { ClaudeProcess } from './claude-process.ts'
import type { SdkTable } from './claude-sdk-options.ts'
import type { Owner, Started } from './conversation.ts'
import { Inbox } from './inbox.ts'
import type { SpawnSpec } from './isolation-options.ts'
import { CALLER_SERVER, callerNames, type Launch, launchKey, plainNames } from './launch.ts'
import { orAborted } from './or-aborted.ts'
import type { ClaudeWorld } from './world.ts'

/** The most that Claude Code takes as a time, ms: a caller may think about a call for days. */
const FOREVER_MS = 2_147_483_647
/** How long the Agent SDK may take to tell of a process's end, ms. */
const LAST_WORDS_MS = 200
/** Tools that make no sense where nobody sits before Claude Code. */
const NEVER = ['AskUserQuestion', 'ScheduleWakeup']

/** A tool of the caller's named "Agent" or "Skill" would bring lists of what Claude Code's own can do (2.1.329). */
const PLAIN_ENV = {
  CLAUDE_AGENT_SDK_MCP_NO_PREFIX: '1',
  ENABLE_TOOL_SEARCH: 'false',
  CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS: '1',
}

/** How a process is had: one that waits already, or a new one. */
export type Obtain = (spec: SpawnSpec) => ClaudeProcess

/** For whom a Claude Code is started. */
export interface StartFor {
  /** What the caller calls its session. */
  readonly session: string | undefined
  readonly signal: AbortSignal
}

/**
 * Starts a Claude Code and waits until it takes its first message; throws where it does not start, or the signal ends
 * the wait.
 */
export async function startClaude(
  launch: Launch,
  world: ClaudeWorld,
  obtain: Obtain,
  { session, signal }: StartFor,
): Promise<Started> {
  const claude = await world.claude()
  const { query } = await import('@anthropic-ai/claude-agent-sdk')
  const overlay = await world.overlay()
  signal.throwIfAborted()
  world.watchdog.start()
  const inbox = new Inbox<SDKUserMessage>()
  const tools = new CallerTools(launch.callerTools)
  const owner: Owner = { session }
  const spawned = Promise.withResolvers<Spawned>()
  const options: Options = {
    ...optionsOf(launch, world, { tools, owner }),
    env: { ...world.env(claude), ...envOf(launch), ...world.watchdog.env },
    settings: { ...overlay, ...settingsOf(launch) },
    pathToClaudeCodeExecutable: claude,
    spawnClaudeCodeProcess: (asked) => {
      const spec = specOf(asked)
      const process = obtain(spec)
      spawned.resolve({ spec, process })
      return process.child
    },
  }
  const run = () => query({ prompt: inbox, options })
  const ready = await readyIn(world, claude, { run, spawned: spawned.promise, signal })
  return { ...ready, inbox, tools, launch, key: launchKey(launch), owner }
}

interface Spawned {
  readonly spec: SpawnSpec
  readonly process: ClaudeProcess
}

/** Waits for the first sign of life, `sdk.start_timeout_seconds` at most; what gives none is ended. */
async function readyIn(
  world: ClaudeWorld,
  claude: string,
  start: {
    readonly run: () => Query
    readonly spawned: Promise<Spawned>
    readonly signal: AbortSignal
  },
): Promise<Spawned & { readonly query: Query }> {
  const { run, spawned, signal } = start
  let query: Query | undefined
  let own: Spawned | undefined
  try {
    // What the system starts under no circumstances throws here already.
    query = run()
    const ready = query.initializationResult()
    // Where the Agent SDK starts nothing it says why.
    own = await Promise.race([spawned, ready.then(() => spawned)])
    const living = Promise.race([ready, endOf(own.process)])
    const ms = world.settings.start_timeout_seconds * 1000
    await orAborted(
      inTime(living, ms, () => tooLate(claude, ms)),
      signal,
    )
    return { ...own, query }
  } catch (error) {
    const silent = own !== undefined && !signal.aborted && (await hasEndedWell(own.process, error))
    own?.process.kill()
    query?.close()
    if (signal.aborted) throw signal.reason
    throw world.failure(silent ? undefined : error, claude, own?.process.stderr ?? '')
  }
}

/** Rejects, with what nobody threw, when a process ends. */
async function endOf(process: ClaudeProcess): Promise<never> {
  await process.gone
  // What the Agent SDK makes of it says more.
  await Bun.sleep(LAST_WORDS_MS)
  throw undefined
}

/** A program that is no Claude Code ends as if all were well: the Agent SDK tells of its own surprise only. */
async function hasEndedWell({ gone, child }: ClaudeProcess, error: unknown): Promise<boolean> {
  if (error instanceof ProxyError) return false
  await Promise.race([gone, Bun.sleep(LAST_WORDS_MS)])
  return child.exitCode === 0
}

function tooLate(claude: string, ms: number): ProxyError {
  const text = `Claude Code "${claude}" did not start in ${ms / 1000} s: run it yourself to see why, or raise sdk.start_timeout_seconds`
  return new ProxyError('unavailable', text)
}

function optionsOf(
  launch: Launch,
  world: ClaudeWorld,
  { tools, owner }: Pick<Started, 'tools' | 'owner'>,
): Options {
  const { settings, cwd } = world
  // To the caller's own tools no limit of turns is meant, though each of their calls is one to Claude Code.
  const { max_turns: turns } = settings
  return {
    cwd,
    additionalDirectories: [...settings.add_dirs],
    systemPrompt: systemOf(launch),
    tools:
      launch.ownTools === 'all' ? { type: 'preset', preset: 'claude_code' } : [...launch.ownTools],
    allowedTools: allowedOf(launch, world),
    disallowedTools: [...settings.disallowed_tools, ...NEVER],
    permissionMode: settings.permission_mode,
    allowDangerouslySkipPermissions: settings.permission_mode === 'bypassPermissions',
    ...(asks(settings) ? { canUseTool: permitOf(launch, world, owner) } : {}),
    mcpServers: serversOf(launch, launch.servers ? settings.mcp_servers : {}, tools),
    strictMcpConfig: !launch.servers,
    settingSources: [...settings.setting_sources],
    ...(plainNames(launch) ? { skills: [] } : {}),
    thinking: launch.thinking,
    ...(turns === undefined || plainNames(launch) ? {} : { maxTurns: turns }),
    includePartialMessages: true,
    verbatimPrompts: true,
    persistSession: false,
  }
}

/** Without it a tool of the caller's named "Bash" brings words about Claude Code's own commits (2.1.329). */
function settingsOf(launch: Launch): Settings {
  return plainNames(launch) ? { attribution: { commit: '', pr: '' } } : {}
}

/** The caller's tools need no permission: the caller runs them, or does not. Where nobody asks, they are listed. */
function allowedOf(launch: Launch, { settings }: ClaudeWorld): string[] {
  const caller =
    asks(settings) || launch.callerTools.length === 0 ? [] : [`mcp__${CALLER_SERVER}__*`]
  return [...settings.allowed_tools, ...caller]
}

/** Whether there is anything that Claude Code asks permission for. */
function asks({ permission_mode: mode }: SdkTable): boolean {
  return mode !== 'dontAsk' && mode !== 'bypassPermissions'
}

function permitOf(
  launch: Launch,
  world: ClaudeWorld,
  owner: Owner,
): NonNullable<Options['canUseTool']> {
  const callerName = callerNames(launch)
  return async (tool, input, asked) =>
    callerName(tool) === undefined
      ? world.permit(tool, input, asked, owner.session)
      : { behavior: 'allow', updatedInput: input }
}

function serversOf(
  launch: Launch,
  configured: SdkTable['mcp_servers'],
  tools: CallerTools,
): Record<string, McpServerConfig> {
  // Claude Code checks them by itself: what it does not know it says.
  const servers: Record<string, McpServerConfig> = {}
  for (const [name, config] of Object.entries(configured)) {
    servers[name] = config as unknown as McpServerConfig
  }
  if (launch.callerTools.length === 0) return servers
  // Of an MCP server the SDK uses these two methods only (0.3.329).
  const instance = tools as unknown as McpSdkServerConfigWithInstance['instance']
  servers[CALLER_SERVER] = { type: 'sdk', name: CALLER_SERVER, instance, timeout: FOREVER_MS }
  return servers
}

function systemOf({ ownTools, system }: Launch): NonNullable<Options['systemPrompt']> {
  if (ownTools !== 'all') return system
  const append = system === '' ? {} : { append: system }
  return { type: 'preset', preset: 'claude_code', ...append }
}

/** What Claude Code takes from its environment only (2.1.329). */
function envOf(launch: Launch): Record<string, string> {
  return {
    ...(plainNames(launch) ? PLAIN_ENV : {}),
    CLAUDE_CODE_DISABLE_REFUSAL_RETRY: '1',
    // What was streamed half would come once more as a whole, without any event.
    CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
    CLAUDE_CODE_TOTAL_TOKENS_REMINDER: 'off',
    MCP_TOOL_TIMEOUT: String(FOREVER_MS),
    CLAUDE_CODE_MAX_MCP_DESCRIPTION_LENGTH: '100000000',
    MAX_MCP_OUTPUT_TOKENS: '100000000',
  }
}

function specOf({ command, args, cwd, env }: SpawnOptions): SpawnSpec {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) own[name] = value
  return { command, args, cwd: cwd ?? '/', env: own }
}
