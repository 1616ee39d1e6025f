# Command lines that must do the same in Tcl and in a script of ours, one a line.
# Plain results.
exec echo hello
exec -keepnewline echo hello
exec printf {a\n\n}
exec -keepnewline printf {a\n\n}
exec printf {a\r\nb\rc\n}
exec printf {}
exec printf {no newline}
exec true
exec -- echo -n x
exec -- printf %s --
exec echo -- x
exec -keepnewline -ignorestderr -- echo x
exec -ignorestderr -keepnewline echo x
exec echo {quoted  "$x" [y]} {} {a b}
exec echo \u00e9 \u20ac \u4e2d
exec printf %s|%s {} x
exec printf {\303\251}
exec printf {a\000b}
exec printf {\000}
exec printf {\360\237\230\200}
string length [exec printf {\360\237\230\200}]
exec cat << \ud83d\ude00
exec printf {\200\237\377\344a}
exec printf {a\303}
exec printf {\370\210\200\200\200}
exec sh -c {printf '%s' "$0"} {*}[list "two words"]
exec {*}[auto_execok sh] -c {echo found}
exec {*}[auto_execok ls] /dev/null
exec $dir/shebang a b
exec "$dir/with space"
exec sh -c {head -c 900000 /dev/zero | tr '\\000' x}
string length [exec sh -c {head -c 900000 /dev/zero | tr '\\000' y}]
exec cat << [string repeat 0123456789 50000]
string length [exec sh -c {head -c 300000 /dev/zero | tr '\\000' y; echo; echo; echo}]
exec env LANG=C sh -c {echo $LANG}
set env(FAILOVER_TEST) 5; set x [exec sh -c {echo $FAILOVER_TEST}]; unset env(FAILOVER_TEST); set x
llength [exec sh -c {echo a; echo b}]
# What it reads.
exec cat
exec cat << {some text}
exec cat <<text
exec cat << {}
exec cat << "line\n"
exec -keepnewline cat << "line\n"
exec cat << "a\u0000b"
exec cat << "\u00e9\u20ac"
exec cat << "\r\n x \r"
exec od -An -tx1 << "a\u00ffb"
exec cat < $dir/plain
exec cat <$dir/plain
exec < $dir/plain cat
exec cat < $dir/plain | tr a-z A-Z
exec cat - $dir/plain << first
exec wc -c < $dir/long
exec true << {nobody reads this}
exec sh -c {exec 0<&-; sleep 0.05} << [string repeat x 200000]
exec cat << one << two
exec cat < $dir/long < $dir/plain
exec cat <@ stdin
exec cat <@stdin
# Pipelines.
exec echo a b | tr a-z A-Z | rev
exec echo a |cat
exec sh -c {echo out; echo err >&2} |& cat
exec sh -c {echo err >&2} |& tr a-z A-Z
exec sh -c {echo err >&2} | cat
exec sh -c {echo e1 >&2} |& sh -c {cat; echo e2 >&2} |& cat
exec sh -c {yes | head -n 100000} | head -n 1
exec yes | head -n 2
exec sh -c {exit 3} | true
exec true | sh -c {exit 3}
exec sh -c {exit 3} | sh -c {cat; exit 4}
exec sh -c {kill -TERM $$} | sh -c {exit 4}
exec sh -c {exit 4} | sh -c {kill -TERM $$}
exec sh -c {kill -TERM $$} | sh -c {kill -KILL $$}
exec echo x | sh -c {cat; exit 1} | cat
exec echo x | sh -c {cat >&2} | cat
exec printf {3\n1\n2\n} | sort | head -n 1
exec echo a | cat | cat | cat | cat | cat | cat | cat
# Errors of programs.
exec false
exec sh -c {exit 255}
exec sh -c {echo out; exit 3}
exec sh -c {printf out; exit 3}
exec -keepnewline sh -c {printf out; exit 3}
exec -keepnewline sh -c {echo out; exit 3}
exec sh -c {echo out; echo err >&2; exit 3}
exec sh -c {echo out; echo err >&2}
exec sh -c {printf err >&2}
exec sh -c {printf 'err\n\n' >&2}
exec -keepnewline sh -c {echo err >&2}
exec sh -c {printf '\n' >&2}
exec sh -c {echo one >&2; echo two >&2; exit 1}
exec sh -c {printf '\303\251' >&2}
exec sh -c {kill -TERM $$}
exec sh -c {kill -HUP $$}
exec sh -c {kill -INT $$}
exec sh -c {kill -QUIT $$} 2> /dev/null
exec sh -c {kill -SEGV $$}
exec sh -c {kill -ABRT $$}
exec sh -c {kill -ALRM $$}
exec sh -c {kill -USR1 $$}
exec sh -c {kill -PIPE $$}
exec sh -c {kill -40 $$}
exec sh -c {echo out; kill -KILL $$}
exec sh -c {printf out; kill -KILL $$}
exec sh -c {echo err >&2; kill -TERM $$}
exec -keepnewline sh -c {kill -TERM $$}
exec -ignorestderr sh -c {exit 2}
exec sh -c {sleep 0.2 & echo out}
exec true >@stdout
exec true 2>@stderr
exec true 2>@ stderr >@ stdout
exec true >&@ stderr
# Errors of ours.
exec nosuch-program
exec nosuch-program a b
exec /no/such/program
exec /etc
exec $dir/not-executable
exec $dir/no-interpreter
exec $dir/plain/program
exec $dir/script
exec $dir/script a b
exec {}
exec echo x | nosuch-program
exec nosuch-program | cat
exec echo x | nosuch-program | cat
exec echo x | {}
exec cat < /no/such/file
exec cat < /etc
exec cat < {}
exec echo x > /no/such/directory/file
exec echo x > $dir/sub
exec echo x > $dir/plain/file
exec echo x >> $dir/sub
exec sh -c {echo err >&2} 2> /no/such/directory/file
exec echo x > {}
# Files.
exec echo hello > $dir/out
exec echo hello >$dir/out
exec echo hello >> $dir/out
exec echo one > $dir/out; exec echo two >> $dir/out
exec echo one > $dir/out; exec echo 2 > $dir/out
exec > $dir/out echo hello
exec echo a > $dir/out b
exec printf {\377\000\n} > $dir/out
exec echo x | cat > $dir/out
exec sh -c {echo out; echo err >&2} >& $dir/out
exec sh -c {echo out; echo err >&2} >>& $dir/out
exec sh -c {echo out; echo err >&2} >&$dir/out
exec sh -c {echo out; echo err >&2} 2> $dir/err
exec sh -c {echo out; echo err >&2} > $dir/out 2> $dir/err
exec sh -c {echo out; echo err >&2} 2>$dir/err >$dir/out
exec sh -c {echo out; echo err >&2; exit 1} 2>> $dir/err
exec sh -c {echo out; echo err >&2; exit 1} > $dir/out
exec sh -c {echo err >&2} | cat 2> $dir/err
exec sh -c {echo err >&2; echo out} | cat >& $dir/out
exec sh -c {echo e1 >&2} | sh -c {cat; echo e2 >&2} 2> $dir/err
exec cat </etc/passwd > $dir/out
exec echo x > $dir/out &; after 300; exec cat $dir/out
exec sh -c {echo err >&2} 2>@1
exec sh -c {echo out; echo err >&2} 2>@1
exec sh -c {echo out; echo err >&2; exit 3} 2>@1
exec sh -c {echo e1 >&2} | sh -c {cat; echo e2 >&2} 2>@1
exec sh -c {echo out; echo err >&2} > $dir/out 2>@1
exec -keepnewline sh -c {echo err >&2} 2>@1
exec sh -c {printf err >&2} 2>@1
# In the background.
string is integer -strict [exec true &]
llength [exec sleep 0 | sleep 0 | sleep 0 &]
exec nosuch-program &
exec echo x | nosuch-program &
exec sh -c {sleep 0.1; exit 3} &; list
exec sh -c {echo x; echo y >&2} >& $dir/out &; after 300; exec cat $dir/out
exec true > /no/such/directory/file &
set pid [exec sleep 100 &]; exec kill $pid; list
exec echo & x
exec echo x&
# Names in a home.
exec ~nosuch-user/x
exec cat < ~nosuch-user/x
exec echo x > ~nosuch-user/x
exec echo ~ ~root ~nosuch-user
set env(HOME) $dir; exec ~/shebang x
set env(HOME) $dir; exec cat < ~/plain
set env(HOME) $dir; exec echo x > ~/out
set env(HOME) $dir; exec true | ~/shebang x
# Mistakes.
exec
exec --
exec -ignorestderr
exec -nonsense x
exec -keep x
exec -
exec - x
exec |
exec | cat
exec echo |
exec echo | | cat
exec echo |& |& cat
exec echo |&
exec |& cat
exec echo >
exec echo >>
exec echo >&
exec echo >>&
exec echo 2>
exec echo 2>>
exec echo <
exec echo <<
exec < $dir/plain
exec echo 2>@1 x
exec echo 2>@1 | cat
exec echo >@
exec echo 2>@
exec &
exec echo | &
exec echo |&x
exec echo |x y
exec echo |x | cat
exec echo 2
exec echo 2x
exec echo a<b a>b a|b
exec echo x 2>@1 &; list
