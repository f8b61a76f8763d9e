// Command etcd is the etcd server of the lab: Debian's is too old for Kubernetes
// 1.35, whose streaming lists ask for progress notifications.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
