import { afterAll, beforeEach, expect } from 'bun:test'
import { asJson, type Json } from './fake-reply.ts'
import { type Sdk, type SdkOptions, startSdk } from './sdk.ts'

/** SDK mode for all tests of a file: each finds the API without answers, and after the last nothing was refused. */
export async function sdkForFile(options: SdkOptions = {}) {
  const sdk: Sdk = await startSdk(options)
  let before = 0
  beforeEach(() => {
    sdk.fake.forget()
    before = sdk.fake.messages().length
  })
  afterAll(async () => {
    await sdk.stop()
    expect(sdk.fake.violations).toEqual([])
  })
  return {
    sdk,
    /** How many requests had reached the API before this test. */
    before: () => before,
    /** The body that reached the API, of the n-th request since this test began. */
    sent: (index = 0): Json =>
      asJson(JSON.parse(sdk.fake.messages()[before + index]?.text ?? '{}')),
  }
}
