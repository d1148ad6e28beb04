import { expect } from 'bun:test'
import { startCallbackServer } from '../../src/auth/callback-server.ts'
import { beginLogin, finishLogin } from '../../src/auth/login.ts'
import { openPage } from '../support/chromium.ts'
import { FakeOAuth } from '../support/fake-oauth.ts'
import { needs } from '../support/needs.ts'

needs('chromium')(
  'A real browser ends a login and shows the page as plain text',
  async () => {
    const fake = new FakeOAuth()
    const server = await startCallbackServer(0)
    const options = fake.options()
    const pending = beginLogin(options, server.redirectUri)
    const waiting = server.wait(pending.state, (code) => finishLogin(options, pending, code))
    // The sign-in page is elsewhere; what comes back to this machine is what the browser is to open.
    const agreed = await fetch(pending.url, { redirect: 'manual' })
    const callback = agreed.headers.get('location') ?? ''
    const page = await openPage(callback)
    try {
      await page.until('document.querySelector("h1")')
      expect(await page.evaluate('document.body.innerText')).toBe(
        'Logged in\n\nccproxy has your login. You can close this window.',
      )
      expect(await page.evaluate('document.title')).toBe('Logged in - ccproxy')
      expect(page.requested.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([callback])
      const { login } = await waiting
      expect(fake.isLive(login.accessToken.reveal())).toBe(true)
      expect(fake.refusals).toEqual([])
    } finally {
      await page.close()
      await server.stop()
      await fake.stop()
    }
  },
  60_000,
)
