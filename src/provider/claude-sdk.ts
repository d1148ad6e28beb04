import { ProxyError } from '../kit/error.ts'
import { isRecord, parseJson } from '../kit/json.ts'
import { textOf } from '../protocol/value.ts'
import type { ClaudeSdkOptions } from './claude-sdk/claude-sdk-options.ts'
import { answerModels } from './claude-sdk/models.ts'
import { type Plan, readPlan } from './claude-sdk/plan.ts'
import type { PlanOptions } from './claude-sdk/plan-tools.ts'
import type { Session } from './claude-sdk/pool.ts'
import type { ClaudeRuntime } from './claude-sdk/runtime.ts'
import { type TraceForm, traceForm } from './claude-sdk/traces.ts'
import type { PreparedCall, Provider, ProviderOptions, UpstreamCall } from './provider.ts'

/** Any host will do: nothing is sent anywhere. */
const BASE_URL = 'http://claude-code.invalid'
const SESSION = /^[A-Za-z0-9_-]{8,64}$/

/** What a prepared call means. */
interface Prepared {
  readonly plan: Plan
  readonly session: Session | undefined
  readonly traces: TraceForm
}

/** The user's own Claude Code, through the Agent SDK; nothing of it is loaded before it is first asked. */
export function createClaudeSdkProvider(options: ProviderOptions): Provider {
  const { name, claude } = options
  if (claude === undefined) throw new ProxyError('internal', 'SDK mode was given no settings')
  const prepared = new WeakMap<PreparedCall, Prepared>()
  let runtime: Promise<ClaudeRuntime> | undefined
  const running = () => {
    runtime ??= load(name, claude).catch((error) => {
      // What it needs may be there at the next request.
      runtime = undefined
      throw error
    })
    return runtime
  }
  return {
    name,
    kind: 'claude-sdk',
    wire: 'messages',
    answersOnly: true,
    watchesSilence: true,
    async prepare(call) {
      const { method, path, body } = call
      const own = { url: BASE_URL + path, method, headers: new Headers(), body }
      if (!path.startsWith('/v1/messages')) return own
      const read = readCall(call, claude)
      const ready = { ...own, notes: read.plan.notes }
      prepared.set(ready, read)
      return ready
    },
    async send(call, signal) {
      const asked = prepared.get(call)
      if (asked === undefined) return answerModels(call.url)
      return (await running()).answer({ ...asked, signal })
    },
    async status() {
      return (await running()).status()
    },
    async close() {
      // What could not be loaded has started nothing.
      const loaded = await runtime?.catch(() => undefined)
      await loaded?.close()
    },
  }
}

async function load(name: string, options: ClaudeSdkOptions): Promise<ClaudeRuntime> {
  const { ClaudeRuntime: Runtime } = await import('./claude-sdk/runtime.ts')
  return new Runtime(name, options)
}

function readCall(call: UpstreamCall, { settings }: ClaudeSdkOptions): Prepared {
  const { body } = call
  if (!(body instanceof Uint8Array)) throw new ProxyError('internal', 'No body to read')
  const value = parseJson(new TextDecoder().decode(body))
  const { translated } = call
  const plan = readPlan(value, { ...planOptions(settings), translated })
  return {
    plan,
    session: sessionOf(call, value),
    traces: traceForm(settings.message_mode, translated),
  }
}

function planOptions({ tools, mix_tools: mixTools }: ClaudeSdkOptions['settings']): PlanOptions {
  if (tools === 'default') return { tools: 'all', mixTools }
  return { tools: tools === 'none' ? [] : tools, mixTools }
}

/**
 * The path names a conversation before Claude Code's header does, and that before the body; two clients that choose the
 * same name do not meet.
 */
function sessionOf(call: UpstreamCall, body: unknown): Session | undefined {
  const { session, clientHeaders, client = '' } = call
  if (session !== undefined) return { id: `${client}/${session}`, name: session, kept: true }
  const metadata = isRecord(body) && isRecord(body.metadata) ? body.metadata : {}
  const named = clientHeaders.get('x-claude-code-session-id') ?? textOf(metadata.session_id)
  if (named === undefined || !SESSION.test(named)) return undefined
  return { id: `${client}/${named}`, name: named, kept: false }
}
