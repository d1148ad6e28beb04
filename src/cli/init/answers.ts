import type { Scalar } from '../../config/edit.ts'
import type { Path } from '../../config/tree.ts'

/** The ways through which requests can go, with what each means. */
export const WAYS = {
  'api-key': 'An API key of Anthropic',
  gateway: 'Any OpenAI-compatible API, such as a gateway of your company',
  plan: "Your Claude plan, at your own risk: read what Anthropic's terms say first",
  sdk: 'Your own signed-in Claude Code, through the Agent SDK',
  demo: 'An embedded upstream that needs no account',
  later: 'None yet: write the file with every key and its description',
} as const

/** One of them. */
export type Way = keyof typeof WAYS

/** What somebody wants of ccproxy. */
export interface Answers {
  readonly way: Way
  readonly apiKey?: string
  /** Of a gateway. */
  readonly baseUrl?: string
  readonly model?: string
  readonly port?: number
  /** A key that clients must send. */
  readonly clientKey?: string
}

/** One key to set. */
export interface Edit {
  readonly path: Path
  readonly value: Scalar
}

const DEFAULT_ROUTE = ['routing', 'default'] as const

/** The keys that answers set, in the order in which they should stand. */
export function editsFor(answers: Answers): Edit[] {
  const { apiKey, port, clientKey } = answers
  return [
    ...(port === undefined ? [] : [{ path: ['server', 'port'], value: port }]),
    ...(clientKey === undefined ? [] : [{ path: ['security', 'auth_token'], value: clientKey }]),
    ...wayEdits(answers),
    ...(answers.way === 'api-key' && apiKey !== undefined
      ? [{ path: ['providers', 'anthropic', 'api_key'], value: apiKey }]
      : []),
  ]
}

function wayEdits({ way, baseUrl, model, apiKey }: Answers): Edit[] {
  const route = (name: string): Edit => ({ path: DEFAULT_ROUTE, value: name })
  const gateway = (key: string, value: string | undefined): Edit[] =>
    value === undefined ? [] : [{ path: ['providers', 'gateway', key], value }]
  switch (way) {
    case 'gateway':
      return [
        route('gateway'),
        ...gateway('kind', 'openai'),
        ...gateway('base_url', baseUrl),
        ...gateway('api_key', apiKey),
        ...gateway('default_model', model),
      ]
    case 'sdk':
      return [
        route('claude-sdk'),
        { path: ['providers', 'claude-sdk', 'kind'], value: 'claude-sdk' },
      ]
    case 'demo':
      return [route('demo'), { path: ['providers', 'demo', 'kind'], value: 'demo' }]
    case 'api-key':
    case 'plan':
      return [route('anthropic')]
    case 'later':
      return []
  }
}

/** What is to be done after the file is there. */
export function nextSteps({ way, apiKey, clientKey }: Answers): string[] {
  const key = clientKey === undefined ? [] : ['Clients send the client key that stands in the file']
  const start = 'ccproxy                     start it; "ccproxy service install" keeps it running'
  const code = 'ccproxy code                Claude Code through it'
  switch (way) {
    case 'api-key': {
      const set = 'export ANTHROPIC_API_KEY=…  or write it into the file'
      return [...(apiKey === undefined ? [set] : []), start, code, ...key]
    }
    case 'gateway': {
      const set = 'export UPSTREAM_API_KEY=…   if the gateway asks for a key'
      return [...(apiKey === undefined ? [set] : []), start, code, ...key]
    }
    case 'plan':
      return ['ccproxy auth login          explains, asks, and signs in', start, code, ...key]
    case 'sdk':
      return ['claude                      sign in with /login, if you have not', start, ...key]
    case 'demo':
      return [start, code, ...key]
    case 'later':
      return ['ccproxy config show         what is in force', start, ...key]
  }
}

/** What is wrong with a base URL; undefined where nothing is. */
export function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL: write it as https://gateway.example/v1'
  return /^https?:$/.test(new URL(text).protocol) ? undefined : 'it must begin with http or https'
}

/** What is wrong with a port; undefined where nothing is. */
export function portProblem(text: string): string | undefined {
  const port = Number(text)
  const right = /^\d+$/.test(text) && port <= 65_535
  return right ? undefined : 'it must be a number from 0 to 65535'
}

/** What is wrong with a key by its looks; undefined where nothing is. */
export function keyProblem(text: string): string | undefined {
  return /\s/.test(text) ? 'it has a space in it' : undefined
}
