// What the browser's tests can buy: slices of this host, on which services really run, and a simulated region with GPUs,
// two zones and little stock.
const spec = (stock: number, month: string, hour: string) => `
              stock: ${stock}
              prepaid: { 1: ${month}, 2: ${month}, 3: ${month}, 6: ${month}, 12: ${month}, diskGiB: 0.35 }
              postpaid: { hour: ${hour}, diskGiB: 0.0005 }`

export const consoleCatalog = `currency: CNY
billingZone: Asia/Shanghai
operatorContact: platform@example.com
catalog:
  specs:
    host.small: { family: general, cpu: 1, memory: 512MiB }
    sim.c8: { family: general, cpu: 8, memory: 16GiB }
    sim.gpu1: { family: gpu, cpu: 16, memory: 64GiB, gpu: { model: A10, count: 1, memory: 24GiB } }
    sim.gpu8: { family: gpu, cpu: 128, memory: 1024GiB, gpu: { model: H20, count: 8, memory: 96GiB } }
  regions:
    local:
      name: This host
      engine: process
      zones:
        local-a:
          name: Zone A
          offers:
            host.small:${spec(6, '30.00', '0.06')}
    east:
      name: East
      engine: simulated
      zones:
        east-a:
          name: Zone A
          offers:
            sim.c8:${spec(20000, '800.00', '1.60')}
            sim.gpu1:${spec(2, '5200.00', '9.80')}
            sim.gpu8:${spec(0, '61000.00', '118.00')}
        east-b:
          name: Zone B
          offers:
            sim.gpu1:${spec(40, '5400.00', '10.20')}
            sim.gpu8:${spec(3, '62500.00', '121.00')}
`
