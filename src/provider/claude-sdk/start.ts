import { type ChildProcess, spawn } from 'node:child_process'
import type {
  McpSdkServerConfigWithInstance,
  McpServerConfig,
  Options,
  SDKUserMessage,
  SpawnOptions,
} from '@anthropic-ai/claude-agent-sdk'
import { ProxyError } from '../../kit/error.ts'
import { CallerTools } from './caller-tools.ts'
import type { Started } from './conversation.ts'
import { Inbox } from './inbox.ts'
import { CALLER_SERVER, callerNames, type Launch, launchKey, plainNames } from './launch.ts'
import type { ClaudeWorld, SpawnSpec } from './world.ts'

/** The most that Claude Code takes as a time, ms: a caller may think about a call for days. */
const FOREVER_MS = 2_147_483_647
/** How much of stderr is kept, characters. */
const STDERR_CHARS = 4000
/** How long a process whose input has ended may take to end, ms. */
const GRACE_MS = 2500
/** Tools that make no sense where nobody sits before Claude Code. */
const NEVER = ['AskUserQuestion', 'ScheduleWakeup']

/** Starts a Claude Code and waits until it takes its first message; throws where it does not start. */
export async function startClaude(launch: Launch, world: ClaudeWorld): Promise<Started> {
  const claude = await world.claude()
  const { query } = await import('@anthropic-ai/claude-agent-sdk')
  world.watchdog.start()
  const inbox = new Inbox<SDKUserMessage>()
  const tools = new CallerTools(launch.callerTools)
  const child = new Child()
  const options = optionsOf(launch, world, tools)
  const overlay = await world.overlay()
  const started = query({
    prompt: inbox,
    options: {
      ...options,
      env: { ...world.env(claude), ...envOf(launch), ...world.watchdog.env },
      ...(overlay === undefined ? {} : { settings: overlay }),
      pathToClaudeCodeExecutable: claude,
      spawnClaudeCodeProcess: (asked) => child.spawn(world.isolate(specOf(asked))),
    },
  })
  const running: Started = {
    query: started,
    inbox,
    tools,
    launch,
    key: launchKey(launch),
    alive: () => child.alive,
    stderr: () => child.stderr,
    kill: () => child.end(),
  }
  try {
    await inTime(started.initializationResult(), world.settings.startTimeoutMs)
    return running
  } catch (error) {
    inbox.close()
    started.close()
    child.end()
    throw world.failure(error, claude, child.stderr)
  }
}

function optionsOf(launch: Launch, world: ClaudeWorld, tools: CallerTools): Options {
  const { settings } = world
  const mixes = settings.mixTools || launch.callerTools.length === 0
  return {
    cwd: settings.cwd,
    additionalDirectories: [...settings.addDirs],
    systemPrompt: systemOf(launch),
    tools:
      launch.ownTools === 'all' ? { type: 'preset', preset: 'claude_code' } : [...launch.ownTools],
    allowedTools: allowedOf(launch, world),
    disallowedTools: [...settings.disallowedTools, ...NEVER],
    permissionMode: settings.permissionMode,
    allowDangerouslySkipPermissions: settings.permissionMode === 'bypassPermissions',
    ...(settings.permissionMode === 'dontAsk' ? {} : { canUseTool: permitOf(launch, world) }),
    mcpServers: serversOf(launch, mixes ? settings.mcpServers : {}, tools),
    strictMcpConfig: !mixes,
    settingSources: [...settings.settingSources],
    thinking: launch.thinking,
    ...(settings.maxTurns === undefined ? {} : { maxTurns: settings.maxTurns }),
    includePartialMessages: true,
    verbatimPrompts: true,
    persistSession: false,
  }
}

/** The caller's tools need no permission: the caller runs them, or does not. Where nobody asks, they are listed. */
function allowedOf(launch: Launch, { settings }: ClaudeWorld): string[] {
  const asks = settings.permissionMode === 'default' || settings.permissionMode === 'acceptEdits'
  const caller = asks || launch.callerTools.length === 0 ? [] : [`mcp__${CALLER_SERVER}__*`]
  return [...settings.allowedTools, ...caller]
}

function permitOf(launch: Launch, world: ClaudeWorld): NonNullable<Options['canUseTool']> {
  const callerName = callerNames(launch)
  return async (tool, input, asked) =>
    callerName(tool) === undefined
      ? world.permit(tool, input, asked)
      : { behavior: 'allow', updatedInput: input }
}

function serversOf(
  launch: Launch,
  configured: ClaudeWorld['settings']['mcpServers'],
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
    ...(plainNames(launch)
      ? { CLAUDE_AGENT_SDK_MCP_NO_PREFIX: '1', ENABLE_TOOL_SEARCH: 'false' }
      : {}),
    CLAUDE_CODE_DISABLE_REFUSAL_RETRY: '1',
    CLAUDE_CODE_TOTAL_TOKENS_REMINDER: 'off',
    MCP_TOOL_TIMEOUT: String(FOREVER_MS),
    MAX_MCP_OUTPUT_TOKENS: '100000000',
  }
}

function specOf({ command, args, cwd, env }: SpawnOptions): SpawnSpec {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) own[name] = value
  return { command, args, cwd: cwd ?? '/', env: own }
}

/** The process behind a query, with the end of what it wrote to stderr. */
class Child {
  #process: ChildProcess | undefined
  stderr = ''

  spawn(spec: SpawnSpec) {
    const { command, args, cwd, env } = spec
    const child = spawn(command, [...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_CHARS)
    })
    this.#process = child
    return child
  }

  get alive(): boolean {
    const child = this.#process
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Lets it end by itself for a little, since its input has ended, and then ends it. */
  end(): void {
    const child = this.#process
    if (child === undefined || !this.alive) return
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    timer.unref()
    child.once('exit', () => clearTimeout(timer))
  }
}

async function inTime<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const text = `Claude Code did not start in ${Math.round(ms / 1000)} s: see sdk.start_timeout_seconds`
      reject(new ProxyError('unavailable', text))
    }, ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
