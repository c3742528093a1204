"""Ray as every command meets it.

`connection`: joining a cluster or starting one. `address`: asking whether Ray answers there.
`folder`: the temporary folder of a cluster of ours. `watch`: ending when the cluster is gone.
`fit`: refusing what the cluster could never place. `calls`: calls of threads that end with the
process. `token`: where the token lies. `spared`: work of Ray's that nobody needs.
"""
