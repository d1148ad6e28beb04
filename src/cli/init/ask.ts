import { type Answers, keyProblem, portProblem, urlProblem, WAYS, type Way } from './answers.ts'

/** Asks in the terminal; undefined where the user left. */
export async function askAnswers(freshKey: () => string): Promise<Answers | undefined> {
  const ask = await import('@clack/prompts')
  ask.intro('ccproxy config init')
  const answers = await questions(ask, freshKey)
  if (answers === undefined) ask.cancel('Nothing was written')
  return answers
}

type Ask = typeof import('@clack/prompts')

async function questions(ask: Ask, freshKey: () => string): Promise<Answers | undefined> {
  const way = await ask.select({
    message: 'Through what shall requests go?',
    options: Object.entries(WAYS).map(([value, label]) => ({ value, label, hint: value })),
  })
  if (!isWay(way)) return undefined
  if (way === 'later') return { way }
  const credentials = await credentialsFor(ask, way)
  if (credentials === undefined) return undefined
  const port = await ask.text({
    message: 'On which port?',
    defaultValue: '8000',
    placeholder: '8000',
    validate: (text) => (text ? portProblem(text) : undefined),
  })
  if (ask.isCancel(port)) return undefined
  const locked = await ask.confirm({
    message: 'Shall clients have to send a key? (Only this machine reaches ccproxy either way)',
    initialValue: false,
  })
  if (ask.isCancel(locked)) return undefined
  return {
    way,
    ...credentials,
    ...(port === '8000' ? {} : { port: Number(port) }),
    ...(locked ? { clientKey: freshKey() } : {}),
  }
}

function isWay(value: unknown): value is Way {
  return typeof value === 'string' && Object.hasOwn(WAYS, value)
}

async function credentialsFor(ask: Ask, way: Way): Promise<Partial<Answers> | undefined> {
  if (way === 'gateway') return gatewayAnswers(ask)
  if (way !== 'api-key') return {}
  const apiKey = await ask.password({
    message: 'Which API key? (Enter: none here, ANTHROPIC_API_KEY has it)',
    validate: (text) => {
      if (!text) return undefined
      return text.startsWith('sk-ant-') ? keyProblem(text) : 'it does not begin with "sk-ant-"'
    },
  })
  if (ask.isCancel(apiKey)) return undefined
  return apiKey ? { apiKey } : {}
}

async function gatewayAnswers(ask: Ask): Promise<Partial<Answers> | undefined> {
  const baseUrl = await ask.text({
    message: 'Where is it?',
    placeholder: 'https://gateway.example/v1',
    validate: (text) => urlProblem(text ?? ''),
  })
  if (ask.isCancel(baseUrl)) return undefined
  const apiKey = await ask.password({
    message: 'Which API key? (Enter: none here, UPSTREAM_API_KEY has it, or it needs none)',
    validate: (text) => (text ? keyProblem(text) : undefined),
  })
  if (ask.isCancel(apiKey)) return undefined
  const model = await ask.text({
    message: 'Which of its models, for names that it does not know? (Enter: none)',
    defaultValue: '',
  })
  if (ask.isCancel(model)) return undefined
  return { baseUrl, ...(apiKey ? { apiKey } : {}), ...(model ? { model } : {}) }
}
