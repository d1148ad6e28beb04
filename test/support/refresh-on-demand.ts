import { PlanLogin } from '../../src/auth/plan-login.ts'
import { CredentialStore } from '../../src/auth/store.ts'
import { fakeOptions } from './fake-oauth.ts'

/** For each line on stdin asks for a token and prints it; started twice by the test of the race. */
const [path = '', base = ''] = process.argv.slice(2)
// A login believes the file that it has read for a second: each ask comes later than that.
let leap = 0
const oauth = fakeOptions(base, { now: () => Date.now() + leap })
const login = new PlanLogin({ store: new CredentialStore(path), oauth })
process.stdout.write('ready\n')
for await (const _line of console) {
  leap += 1100
  const token = await login.token().then(
    (secret) => secret.reveal(),
    (error: Error) => `failed: ${error.message}`,
  )
  process.stdout.write(`${token}\n`)
}
