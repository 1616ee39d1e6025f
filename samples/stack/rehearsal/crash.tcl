# A file system that two hosts have mounted at once is a lost file system:
#
#     failsh --rehearse samples/stack/rehearsal/crash.tcl

foreach host {hosta hostb} {
    host $host -set me $host -f ../web.tcl
}

# What these shell scripts do is not known without a word.
thing www begins {sh -c*|| mount *} ends {sh -c*umount*} shown {sh -c*exit 0*} else 3

expect web UP on hosta within 10s after start

at 20s crash hosta
at 60s return hosta
expect web UP on hostb within 5s after "crash hosta"
expect web UP on hosta within 10s after "return hosta"

# Somebody keeps a file open on hosta: it can not be unmounted, web is FAIL there with the disk
# still mounted, and hostb mounts it as well. Without fencing nothing can prevent that. Add
#     never thing www on 2 hosts
# and the rehearsal says so.
at 100s command "sh -c*umount*" on hosta exits 32 "umount: /srv/www: target is busy" for 60s
at 110s away web on hosta
at 200s back web on hosta

expect web UP on exactly 1 host after 30s unless degraded
never  web UP on 2 hosts
