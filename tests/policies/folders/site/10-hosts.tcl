# Who is there. The other files go by these names.
array set address {hosta 127.0.0.1 hostb 127.0.0.2}
foreach host [array names address] {
    failhost $host address $address($host) community 8hGq2vXw
}
