// Times @cloud-copilot/iam-simulate on cases in the format of `passrole decide --jsonl`, one a line on standard input:
// writes `{"id": …, "decision": …, "microseconds": …}` a line, the quickest of the decisions made in about a second.

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { simulation, verdict } from './simulation.mjs'

const LEAST_MILLISECONDS = 1000

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line)
  const asked = simulation(given)
  let result
  let microseconds = Infinity
  const end = performance.now() + LEAST_MILLISECONDS
  while (performance.now() < end) {
    const start = performance.now()
    result = await runSimulation(asked, {})
    microseconds = Math.min(microseconds, (performance.now() - start) * 1000)
  }
  process.stdout.write(JSON.stringify({ id: given.id, ...verdict(result), microseconds }) + '\n')
}
