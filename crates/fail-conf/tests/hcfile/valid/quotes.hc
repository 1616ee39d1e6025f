load tcp http exec
x:
        tcp "y:1" expect="a b" send='EHLO "x" it'"'"'s\r\n'
        http http://x/ match="# no comment" nomatch='$(none)' match=a#b header="X-A: 1" header='X-B:  2 '
        exec /bin/echo "" '"' "'" '$@' "a\"
        exec /bin/echo $$HOME a$$b '#' x# # a comment
