/** How a login ended, as the browser is told. */
export type CallbackOutcome = 'done' | 'failed' | 'denied' | 'unknown' | 'not-found'

const TEXTS: Readonly<Record<CallbackOutcome, { status: number; title: string; text: string }>> = {
  done: {
    status: 200,
    title: 'Logged in',
    text: 'ccproxy has your login. You can close this window.',
  },
  failed: {
    status: 502,
    title: 'Login failed',
    text: 'The code could not be traded for a login. The terminal where ccproxy runs says why.',
  },
  denied: {
    status: 400,
    title: 'Login refused',
    text: 'The sign-in page sent no code. Start the login again if you meant to agree.',
  },
  unknown: {
    status: 400,
    title: 'Unknown login',
    text: 'This page does not belong to a login that ccproxy waits for. Use the newest one.',
  },
  'not-found': { status: 404, title: 'Not found', text: 'There is nothing here.' },
}

/** The plain page that ends a login in the browser: fixed texts only, nothing of the request. */
export function callbackPage(outcome: CallbackOutcome): Response {
  const { status, title, text } = TEXTS[outcome]
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title} - ccproxy</title><h1>${title}</h1><p>${text}</p></html>\n`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
